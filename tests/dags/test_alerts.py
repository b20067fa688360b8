"""The pipeline's alerts without Airflow's components: when there is none, and that none raises."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag

from dags.pipeline import alerts
from include.environment import ROOT
from tests.receiver import Receiver, receiving

ENDED = {"dag_id": "daily", "dag_run_id": "run 1"}


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as receiver:
        monkeypatch.setenv("ALERT_URLS", receiver.url)
        yield receiver


@pytest.mark.parametrize(("state", "told"), [("success", 0), ("failed", 0), ("running", 1), ("queued", 1)])
def test_run_that_has_ended_is_not_late(receiver, state, told):
    run = ENDED | {"state": state}
    alerts.tell_late_run({"dag_run": run, "deadline": {"deadline_time": "2026-11-27 13:09:02.4+00:00"}})
    assert [alert["title"] for alert in receiver.alerts] == ["daily is late"] * told
    assert all("ended by 2026-11-27 13:09 UTC, it is" in alert["message"] for alert in receiver.alerts)


@pytest.mark.parametrize(("minutes", "interval"), [("90", timedelta(minutes=90)), ("", None)])
def test_deadline_is_a_setting(monkeypatch, minutes, interval):
    monkeypatch.setenv("RUN_DEADLINE_MINUTES", minutes)
    found = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"].deadline
    assert [each.interval for each in found or []] == ([interval] if interval else [])


@pytest.mark.parametrize("callback", [alerts.note_cause, alerts.tell_failed_run, alerts.tell_late_run])
def test_callback_that_fails_is_a_line_in_the_log(caplog, callback):
    callback({})
    assert caplog.messages == [f"No alert: {callback.__name__} failed (KeyError)"]


def test_question_that_cannot_be_told_does_not_fail_its_task(caplog):
    alerts.ApprovalAsked()({})
    assert caplog.messages == ["No alert: notify failed (KeyError)"]


def test_failure_is_told_by_what_is_known_where_airflow_cannot_say_which_tasks_failed(receiver):
    # As under dag.test(), where no component of Airflow can be asked.
    daily, load = SimpleNamespace(dag_id="daily"), SimpleNamespace(task_id="load")
    alerts.tell_failed_run({"dag": daily, "run_id": "run 1", "ti": load, "reason": "task_failure"})
    alerts.tell_failed_run({"dag": daily, "run_id": "run 1", "reason": "timed_out"})
    told = [alert["message"].splitlines()[:3] for alert in receiver.alerts]
    assert told == [
        ["DAG: daily", "Task: load", "Cause: task_failure"],
        ["DAG: daily", "Task: none", "Cause: timed_out"],
    ]


BEHIND, AWAY = ({"at": "1", "task": "check", "said": f"{name}: x"} for name in ("StreamBehindError", "Away"))


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (None, 1),
        (("success", []), 1),
        (("failed", [AWAY]), 1),
        (("failed", []), 1),
        (("failed", [BEHIND | {"said": "StreamBehindError: y"}]), 0),
    ],
    ids=["first run", "was well", "another error", "nobody knows", "the same error"],
)
def test_outage_is_told_by_the_first_run_that_fails_of_it(receiver, monkeypatch, before, told):
    failures = {"now": [BEHIND], "then": before and before[1]}
    monkeypatch.setattr(alerts, "_failures", lambda _, run_id: failures[run_id])
    then = before and SimpleNamespace(state=before[0], run_id="then")
    task = SimpleNamespace(task_id="check", get_previous_dagrun=lambda: then)
    watch = SimpleNamespace(dag_id="watch")
    alerts.tell_outage({"dag": watch, "run_id": "now", "ti": task, "reason": "task_failure"})
    assert [alert["title"] for alert in receiver.alerts] == ["watch failed: check"] * told


def test_outage_is_told_where_airflow_cannot_say_what_was_before(receiver):
    watch, task = SimpleNamespace(dag_id="watch"), SimpleNamespace(task_id="check")
    alerts.tell_outage({"dag": watch, "run_id": "now", "ti": task, "reason": "task_failure"})
    alerts.tell_outage({"dag": watch, "run_id": "now", "reason": "timed_out"})
    assert len(receiver.alerts) == 2
