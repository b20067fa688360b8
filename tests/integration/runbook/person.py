"""Somebody who has `make ui`, gets alerts, and does what the runbook says, by its commands and in Airflow."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from psycopg2.extensions import connection as Connection

from include import embedded
from include.embedded.postgres import connect_as_admin
from include.environment import ROOT
from include.inherited import inherited
from include.runbook import RUNBOOK, Entry
from tests.receiver import Receiver
from tests.running_airflow import ENDED, Airflow
from tests.ui import Ui

ALERT_SECONDS = 60
RETRIED_AT_ONCE = """
update task_instance set end_date = end_date - interval '1 hour' where state = 'up_for_retry'
"""


@dataclass(frozen=True)
class Person:
    """What somebody has in front of them: the UI, the clone's folder, and the alerts of one receiver."""

    ui: Ui
    receiver: Receiver
    read: set[int] = field(default_factory=set)

    @property
    def airflow(self) -> Airflow:
        """Airflow as it runs now, which may be another one after a restart."""
        home = self.ui.project / ".local"
        return Airflow(self.ui.api, embedded.found(home, self.ui.project / ".env"), home)

    def fails(self, entry: Entry, **conf: object) -> str:
        """Trigger a run that fails, and be told what the entry says; return its id."""
        run_id = self.starts(**conf)
        self.is_told(entry, run_id)
        return run_id

    def fails_of_another(self, **conf: object) -> str:
        """Trigger a run that fails of what is no matter here, and hear of it; return its id."""
        run_id = self.starts(**conf)
        self.hears(run_id)
        return run_id

    def is_told(self, entry: Entry, run_id: str) -> str:
        """Wait for the alert of a run that fails, which says what the entry says; return it."""
        found = self.hears(run_id)
        assert f"\nWhat to do: {entry.remedy}. Runbook: " in found
        return found

    def hears(self, run_id: str) -> str:
        """Wait until the run has failed and its alert is there; return it."""
        airflow = self.airflow
        assert airflow.wait(run_id) == "failed", airflow.states(run_id)
        return self.alert_of(run_id)

    def alert_of(self, run_id: str) -> str:
        """Wait for the alert of a run that has failed, of any DAG; return it."""
        deadline = time.monotonic() + ALERT_SECONDS
        while (found := self._unread(run_id)) is None:
            assert time.monotonic() < deadline, self.receiver.alerts
            time.sleep(0.5)
        return found

    def _unread(self, run_id: str) -> str | None:
        for number, alert in enumerate(self.receiver.alerts):
            is_of_run = "failed" in alert["title"] and quote(run_id, safe="") in alert["message"]
            if number not in self.read and is_of_run:
                self.read.add(number)
                return alert["message"]
        return None

    def triggers(self, **conf: object) -> str:
        """Trigger a run that ends green; return its id."""
        run_id = self.starts(**conf)
        self.sees_green(run_id)
        return run_id

    def starts(self, **conf: object) -> str:
        """Trigger a run, in which nothing is asked unless it says so; return its id."""
        return self.airflow.api.trigger({"quality_gate": "warn", **conf})

    def clears_to_green(self, run_id: str, task_id: str) -> None:
        """Clear a task, and wait until the run is green."""
        self.clears(run_id, task_id)
        self.sees_green(run_id)

    def clears(self, run_id: str, task_id: str) -> None:
        """Clear a task with what follows it, as the button does."""
        self.airflow.api.clear(run_id, [task_id], include_downstream=True)

    def sees_green(self, run_id: str) -> None:
        airflow = self.airflow
        assert airflow.wait(run_id) == "success", airflow.states(run_id)

    def finds_no_try_left(self, run_id: str) -> None:
        """Let the tasks of the run have no try left, as after those that the row tells of."""
        self.airflow.metadata(f"update task_instance set max_tries = 0 where run_id = '{run_id}'")

    def waits(self, run_id: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until the run has ended. Between two tries of a task no time passes."""
        airflow = self.airflow
        while airflow.api.run_state(run_id) not in ENDED:
            meanwhile()
            airflow.metadata(f"{RETRIED_AT_ONCE} and run_id = '{run_id}'")
            time.sleep(0.3)

    def answers(self, run_id: str, option: str) -> None:
        """Answer the question of a run."""
        self.airflow.wait_until_asked(run_id)
        self.airflow.answer(run_id, option)

    def follows(self, entry: Entry, command: str) -> str:
        """Type a command that the entry names; return what it prints."""
        assert command in entry.remedy
        return self.types(command)

    def types(self, command: str) -> str:
        """Type a command of the runbook into a shell in the clone; return what it prints."""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.ui.project,
            env=inherited(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def of_source(self, sql: str) -> None:
        """Run a statement as the administrator of the product's PostgreSQL."""
        with self._admin_of("SOURCE") as connection, connection:
            connection.cursor().execute(sql)

    def of_warehouse(self, sql: str) -> None:
        """Run a statement as the administrator of the warehouse."""
        with self.admin_of_warehouse() as connection, connection:
            connection.cursor().execute(sql)

    def admin_of_warehouse(self) -> AbstractContextManager[Connection]:
        """Return a connection of the warehouse's administrator, for a block."""
        return self._admin_of("WAREHOUSE")

    def _admin_of(self, server: str) -> AbstractContextManager[Connection]:
        env = self.airflow.env
        return closing(connect_as_admin(env, int(env[f"{server}_PORT"]), env[f"{server}_DB"]))


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """Have another text in a file during the block."""
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))
    yield
    path.write_text(before)


def commands(section: str) -> list[str]:
    """Return the commands that stand in a section of the runbook."""
    text = (ROOT / RUNBOOK).read_text(encoding="utf-8")
    _, _, text = text.partition(f"\n## {section}\n")
    lines = text.partition("\n## ")[0].splitlines()
    return [line.strip() for line in lines if line.startswith("    make ")]
