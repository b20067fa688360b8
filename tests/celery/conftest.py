"""An Airflow whose tasks run on two Celery workers, one for each queue, and the star that LocalExecutor makes."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest

from cli.airflow import BIN, environment
from cli.worker import answers
from include.embedded.processes import end_all, end_of, pid_of, remember, spawn, stop_process
from tests.celery.redis import running_redis
from tests.conftest import Platform, new_platform
from tests.pipeline import trusted_checksums
from tests.running_airflow import Airflow, airflow_on, small_databases

DAY = "2024-09-01"
QUEUES = ("default", "heavy")
START_SECONDS = 90


@dataclass
class Workers:
    """An Airflow and its workers, by queue."""

    airflow: Airflow
    platform: Platform
    expected: dict[str, tuple[int, str]]
    port: int = 0
    logs: dict[str, Path] = field(default_factory=dict)

    def start(self, queue: str) -> None:
        """Start the queue's worker, as its container does."""
        home, env = self.airflow.home, self.airflow.env
        self.logs[queue] = home / f"{queue}.log"
        command = [BIN / "airflow", "celery", "worker", "--queues", queue, "--celery-hostname", f"{queue}@%h"]
        settings = environment(home, env, self.port) | {"AIRFLOW__CELERY__WORKER_CONCURRENCY": "2"}
        process = spawn(command, self.logs[queue], env=settings)
        remember(home / f"{queue}.pid", process, self.port)

    def wait_until_up(self) -> None:
        """Wait until both answer, as their containers' health checks ask."""
        deadline = time.monotonic() + START_SECONDS
        for queue in QUEUES:
            while not answers(self.airflow.env, f"{queue}@{socket.gethostname()}"):
                assert time.monotonic() < deadline, end_of(self.logs[queue], 30)

    def kill(self, queue: str) -> None:
        """Kill the queue's worker with all that runs under it, as when its container or machine is lost."""
        worker = psutil.Process(pid_of(self.airflow.home / f"{queue}.pid"))
        end_all([worker, *worker.children(recursive=True)])

    def stop(self) -> None:
        for queue in QUEUES:
            stop_process(self.airflow.home / f"{queue}.pid")

    def has_taken(self, queue: str) -> set[str]:
        """Return the tasks that the queue's worker has taken, by its log."""
        lines = self.logs[queue].read_text().splitlines()
        taken = [line for line in lines if "Executing workload in Celery" in line]
        return {line.split("task_id='")[1].split("'")[0] for line in taken}

    def run(self, **conf: object) -> str:
        """Run the pipeline for the day; return the run's id."""
        run_id = self.airflow.trigger(DAY, **conf)
        assert self.airflow.wait(run_id) == "success", self.airflow.states(run_id)
        return run_id

    def star(self) -> dict[str, tuple[int, str]]:
        return trusted_checksums(self.platform)


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    """Two workers on databases of their own, beside those that LocalExecutor filled for the same day."""
    with small_databases() as (home, env):
        with airflow_on(home, env) as local:
            run_id = local.trigger(DAY)
            assert local.wait(run_id) == "success", local.states(run_id)
        expected = trusted_checksums(Platform(env))
        platform = new_platform(env)
        with running_redis(home, env["REDIS_PASSWORD"]) as port:
            redis = {"PROFILES": "celery", "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}
            own = env | platform.env | redis
            with airflow_on(home, own) as airflow:
                yield from _with_workers(Workers(airflow, platform, expected))


def _with_workers(workers: Workers) -> Iterator[Workers]:
    workers.port = int(workers.airflow.api.url.rpartition(":")[2])
    try:
        for queue in QUEUES:
            workers.start(queue)
        workers.wait_until_up()
        yield workers
    finally:
        workers.stop()
        workers.platform.close()
