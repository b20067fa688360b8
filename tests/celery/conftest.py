"""An Airflow whose tasks run on two Celery workers, one for each queue, and the star of LocalExecutor."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from cli.airflow import BIN, PROMPT, environment
from cli.worker import answers
from include.embedded.processes import end_all, end_of, free_port, pid_of, remember, spawn
from tests.celery.redis import running_redis
from tests.conftest import Platform, new_platform
from tests.pipeline import trusted_checksums
from tests.running_airflow import Airflow, airflow_on, small_databases

DAY = "2024-09-01"
QUEUES = ("default", "heavy")
START_SECONDS = 120
# A task whose worker died is found in a third of the time that it takes in Compose.
SETTINGS = {**PROMPT, "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20"}


@dataclass
class Workers:
    """The workers of an Airflow, by queue: its folder, its settings, and the port of its api-server."""

    home: Path
    env: dict[str, str]
    port: int
    logs: dict[str, Path] = field(default_factory=dict)

    def start(self, queue: str) -> None:
        """Start the queue's worker, as its container does."""
        self.logs[queue] = self.home / f"{queue}.log"
        command = [BIN / "airflow", "celery", "worker", "--queues", queue, "--celery-hostname", f"{queue}@%h"]
        settings = environment(self.home, self.env, self.port) | {"AIRFLOW__CELERY__WORKER_CONCURRENCY": "2"}
        process = spawn(command, self.logs[queue], env=settings)
        remember(self.home / f"{queue}.pid", process, self.port)

    def wait_until_up(self) -> None:
        """Wait until both answer, as their containers' health checks ask."""
        deadline = time.monotonic() + START_SECONDS
        for queue in QUEUES:
            while not answers(self.env, f"{queue}@{socket.gethostname()}"):
                assert time.monotonic() < deadline, end_of(self.logs[queue], 30)

    def kill(self, queue: str) -> None:
        """Kill the queue's worker with all that runs under it, as when its container or machine is lost."""
        worker = psutil.Process(pid_of(self.home / f"{queue}.pid"))
        end_all([worker, *worker.children(recursive=True)])

    def has_taken(self, queue: str) -> set[str]:
        """Return the tasks that the queue's worker has taken, by its log."""
        lines = self.logs[queue].read_text().splitlines()
        taken = [line for line in lines if "Executing workload in Celery" in line]
        return {line.split(" task_id='")[1].split("'")[0] for line in taken}


@dataclass
class Celery:
    """An Airflow with workers, and the databases that its runs work on."""

    airflow: Airflow
    workers: Workers
    platform: Platform
    # Of LocalExecutor.
    expected: dict[str, tuple[int, str]]

    def star(self) -> dict[str, tuple[int, str]]:
        return trusted_checksums(self.platform)


@pytest.fixture(scope="session")
def celery() -> Iterator[Celery]:
    """Workers on databases of their own, beside those that LocalExecutor filled for the same day."""
    with small_databases() as (home, env):
        expected = _star_of_local_executor(home, env)
        platform = new_platform(env)
        with running_redis(home, env["REDIS_PASSWORD"]) as redis:
            place = {"PROFILES": "celery", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis)}
            own, port = env | platform.env | place, free_port()
            # Workers start beside Airflow.
            with (
                running_workers(Workers(home, own, port)) as workers,
                airflow_on(home, own, port, SETTINGS) as airflow,
            ):
                workers.wait_until_up()
                yield Celery(airflow, workers, platform, expected)
        platform.close()


def _star_of_local_executor(home: Path, env: dict[str, str]) -> dict[str, tuple[int, str]]:
    with airflow_on(home, env, free_port(), SETTINGS) as local:
        run_id = local.trigger(DAY)
        assert local.wait(run_id) == "success", local.states(run_id)
    return trusted_checksums(Platform(env))


@contextmanager
def running_workers(workers: Workers) -> Iterator[Workers]:
    """Run both during the block."""
    try:
        for queue in QUEUES:
            workers.start(queue)
        yield workers
    finally:
        for queue in QUEUES:
            workers.kill(queue)
