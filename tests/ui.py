"""`make ui` in a copy of the project, as a process of its own."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from cli.airflow_api import AirflowApi
from cli.patience import patiently
from include.airflow_api import DAG_ID
from include.embedded.processes import free_port, pid_of
from include.environment import read_env
from include.inherited import inherited
from tests.project_copy import copy_of_small_size

COMMAND = (sys.executable, "-m", "cli")


class Ui:
    """`make ui` in a copy of the project, with small sets of files beside it."""

    def __init__(self, project: Path) -> None:
        self.project, self.inbox = project, project / "inbox"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [*COMMAND, "ui"], cwd=self.project, env=inherited(), stdout=subprocess.PIPE, text=True
        )
        lines = iter(self._process.stdout)
        url = next(line.split()[-1] for line in lines if line.startswith("Airflow: "))
        next(line for line in lines if line.startswith("Stop with"))
        self.api = patiently(AirflowApi, url, read_env(self.project / ".env")["AIRFLOW_UI_PASSWORD"])
        patiently(self.api.wait_for_dag)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=120)

    def kill(self, name: str) -> None:
        psutil.Process(pid_of(self.project / ".local" / f"{name}.pid")).kill()

    def runs(self) -> list[dict]:
        """Return all runs that there ever were."""
        return patiently(self.api.request, "GET", f"/api/v2/dags/{DAG_ID}/dagRuns?limit=100")["dag_runs"]

    def states(self) -> list[str]:
        return [run["state"] for run in self.runs()]

    def log(self) -> str:
        return (self.project / ".local" / "inbox.log").read_text()

    def until(self, condition: Callable[[], object], seconds: float) -> None:
        """Wait for the condition; fail with what the inbox says."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.log()
            time.sleep(1)


@contextmanager
def serving_ui(prefix: str, **settings: str) -> Iterator[Ui]:
    """Run `make ui` in a new copy of the project with these settings; forget both at the end."""
    # Two at once would find the same ports free.
    ports = {name: str(free_port()) for name in ("AIRFLOW_PORT", "DASHBOARD_PORT")}
    project = copy_of_small_size(prefix, **ports, **settings)
    served = Ui(project)
    try:
        served.start()
        yield served
    finally:
        served.stop()
        subprocess.run([*COMMAND, "reset"], cwd=project, env=inherited(), check=True)
        shutil.rmtree(project)
