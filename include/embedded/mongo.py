"""The embedded MongoDB: SecantusDB with authentication, and the users of mongo_users.py."""

import sys
from collections.abc import Mapping
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure

from include.embedded.processes import (
    free_port,
    is_running,
    port_of,
    remember,
    spawn,
    stop_process,
    wait_until,
)
from include.schema.mongo_users import create_mongo_users, create_or_update_user

AUTHENTICATION_FAILED = 18


def start(home: Path, env: Mapping[str, str]) -> int:
    """Start the server unless it runs, bring its users up to date, and return its port."""
    pid_file, ready = home / "mongo.pid", home / "mongo" / ".root-made"
    if is_running(pid_file):
        return port_of(pid_file)
    if not ready.exists():
        _make_root(home, env)
        ready.touch()
    port = _start_server(home, "--auth")
    if not _accepts_password(env, port):
        # .env has another password than these data were made with. Whoever owns the data may set it anew.
        stop(home)
        _make_root(home, env)
        port = _start_server(home, "--auth")
    with _root(env, port) as client:
        create_mongo_users(client, env)
    return port


def stop(home: Path) -> None:
    """Stop the server cleanly; one that does not run is fine."""
    stop_process(home / "mongo.pid", knock=True)


def _accepts_password(env: Mapping[str, str], port: int) -> bool:
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
    # The first user can only be made while the server asks for none: it runs so for this one command.
    port = _start_server(home)
    try:
        with _client(port) as client:
            roles = [{"role": "root", "db": "admin"}]
            create_or_update_user(client.admin, "root", env["MONGO_ROOT_PASSWORD"], roles)
    finally:
        stop(home)


def _start_server(home: Path, *options: str) -> int:
    port, log_file = free_port(), home / "mongo.log"
    command = [Path(sys.executable).parent / "secantusd-py", "--host", "127.0.0.1", "--port", port]
    process = spawn([*command, "--storage-path", home / "mongo", *options], log_file)
    remember(home / "mongo.pid", process, port)
    with _client(port) as client:
        # The only commands that need no login are those of the handshake.
        wait_until(lambda: client.admin.command("hello"), process, log_file)
    return port


def _client(port: int, **login: str) -> MongoClient:
    return MongoClient("127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500, **login)
