"""The embedded MongoDB: SecantusDB with authentication and the users of mongo_users.py."""

import sys
from collections.abc import Mapping
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from include.embedded import processes
from include.schema.mongo_users import create_mongo_users, create_or_update_user

AUTHENTICATION_FAILED = 18


def start(home: Path, env: Mapping[str, str]) -> int:
    """Start the server and update its users, unless it runs; return its port."""
    pid_file, ready = home / "mongo.pid", home / "mongo" / ".root-made"
    if processes.is_running(pid_file):
        return processes.port_of(pid_file)
    if not ready.exists():
        _make_root(home, env)
        ready.touch()
    port = _start_server(home, "--auth")
    if not _accepts_password(env, port):
        # The data were created with another password than .env has now. The owner of the folder may reset it.
        stop(home)
        _make_root(home, env)
        port = _start_server(home, "--auth")
    with _root(env, port) as client:
        create_mongo_users(client, env)
    return port


def restart(home: Path) -> None:
    """Start a server that died on the port where its clients look for it; it recovers from its journal."""
    _start_server(home, "--auth", port=processes.port_of(home / "mongo.pid"))


def stop(home: Path) -> None:
    """Shut the server down cleanly; one that does not run is skipped."""
    processes.stop_process(home / "mongo.pid", knock=True)


def _accepts_password(env: Mapping[str, str], port: int) -> bool:
    """Tell whether root can log in with the password of .env; raise any other error."""
    try:
        with _root(env, port) as client:
            client.admin.command("ping")
    except OperationFailure as error:
        if error.code == AUTHENTICATION_FAILED:
            return False
        raise
    return True


def _root(env: Mapping[str, str], port: int) -> MongoClient:
    return _client(port, username="root", password=env["MONGO_ROOT_PASSWORD"])


def _make_root(home: Path, env: Mapping[str, str]) -> None:
    """Create root, or set its password, on a server that asks for no login during this command."""
    port = _start_server(home)
    try:
        with _client(port) as client:
            roles = [{"role": "root", "db": "admin"}]
            create_or_update_user(client.admin, "root", env["MONGO_ROOT_PASSWORD"], roles)
    finally:
        stop(home)


def _start_server(home: Path, *options: str, port: int = 0) -> int:
    """Start the server, on a free port if none is given, wait until it answers, and return the port."""
    port, log_file = port or processes.free_port(), home / "mongo.log"
    command = [Path(sys.executable).parent / "secantusd-py", "--host", "127.0.0.1", "--port", port]
    # What it has acknowledged outlives it: without this a killed server loses the newest writes.
    command += ["--storage-path", home / "mongo", "--sync-on-commit"]
    process = processes.spawn([*command, *options], log_file)
    processes.remember(home / "mongo.pid", process, port)
    with _client(port) as client:
        # hello is one of the handshake's commands, the only ones that need no login.
        processes.wait_until(lambda: client.admin.command("hello"), process, log_file)
    return port


def _client(port: int, **login: str) -> MongoClient:
    # One that is stopped by a signal takes connections, and never answers.
    limits = {"serverSelectionTimeoutMS": 500, "socketTimeoutMS": 30_000}
    return MongoClient("127.0.0.1", port, directConnection=True, **limits, **login)
