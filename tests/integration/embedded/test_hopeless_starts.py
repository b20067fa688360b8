"""Servers that cannot come up: what no waiting mends ends at once, with its cause."""

import re
import shutil
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from pymongo.errors import ConfigurationError

from include import embedded
from include.embedded import EmbeddedServerError, mongo, postgres
from include.embedded.processes import spawn, wait_until
from tests.integration.embedded.servers import SERVERS, new_home

AT_ONCE_SECONDS = 15
# What a program that has the port answers; nothing: it keeps the connection.
ANSWERS = {"silent": b"", "http": b"HTTP/1.0 400 Bad Request\r\n\r\n"}


@pytest.fixture(scope="module")
def restarts() -> Iterator[dict[str, Callable[[int], object]]]:
    """What starts each server of a folder on a given port; none of them runs."""
    home = new_home()
    try:
        env = embedded.start(home, home.parent / ".env")
        embedded.stop(home)
        yield {
            "postgres": partial(postgres._start_server, home, home / "postgres.pid", env),
            "mongo": lambda port: mongo._start_server(home, "--auth", port=port),
        }
    finally:
        embedded.reset(home)
        shutil.rmtree(home.parent)


@pytest.fixture(params=ANSWERS)
def taken_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A port of another program."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1)
            self.request.sendall(ANSWERS[request.param])
            while not ANSWERS[request.param] and self.request.recv(1_000):
                pass

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        yield other.server_address[1]
        other.shutdown()


@pytest.mark.parametrize("server", SERVERS)
def test_port_of_another_program_is_told(restarts, taken_port: int, server: str) -> None:
    began = time.monotonic()
    with pytest.raises(EmbeddedServerError) as failed:
        restarts[server](taken_port)
    assert time.monotonic() - began < AT_ONCE_SECONDS
    said, _, log = str(failed.value).partition("End of ")
    assert " did not start: it ended with exit code 1. " in said
    assert "ddress already in use" in log


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError("channel binding required, but not supported by the server"),
        ConfigurationError("Server at 127.0.0.1:1 reports wire version 1, but 9 is required"),
    ],
    ids=SERVERS,
)
def test_error_that_does_not_pass_is_told(tmp_path: Path, error: Exception) -> None:
    process = spawn(["sleep", "60"], tmp_path / "server.log")

    def refuse() -> None:
        raise error

    began = time.monotonic()
    with pytest.raises(EmbeddedServerError, match=re.escape(f"sleep did not start: {error}")):
        wait_until(refuse, process, tmp_path / "server.log")
    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert process.wait(5) == -signal.SIGKILL


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError("FATAL:  the database system is starting up"),
        psycopg2.OperationalError("FATAL:  the database system is not yet accepting connections"),
        psycopg2.OperationalError("connection to server failed: timeout expired"),
        psycopg2.OperationalError("server closed the connection unexpectedly"),
    ],
)
def test_server_that_is_not_ready_yet_is_awaited(tmp_path: Path, error: Exception) -> None:
    process = spawn(["sleep", "60"], tmp_path / "server.log")
    errors = [error, error]

    def ready() -> None:
        if errors:
            raise errors.pop()

    wait_until(ready, process, tmp_path / "server.log")
    assert process.poll() is None
    process.kill()
    process.wait()
