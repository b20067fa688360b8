"""What begins runs: the schedule, the inbox, and what a run is called that begins again."""

from datetime import UTC, datetime
from types import SimpleNamespace

import dagster as dg
import pytest


def test_the_schedule_brings_the_day_on_which_it_is_due(definitions, instance):
    schedule = definitions.get_schedule_def("daily")
    assert schedule.cron_schedule == "@daily"
    due = datetime(2024, 9, 2, tzinfo=UTC)
    context = dg.build_schedule_context(
        instance, scheduled_execution_time=due, repository_def=definitions.get_repository_def()
    )
    request = schedule.evaluate_tick(context).run_requests[0]
    assert request.partition_key == "2024-09-02"


def test_a_demo_has_no_schedule(definitions, monkeypatch):
    from dagster_project.jobs import schedules

    monkeypatch.setenv("PIPELINE_SCHEDULE", "")
    assert schedules() == []


@pytest.fixture
def inbox(definitions, tmp_path, monkeypatch):
    """An inbox whose sets are ready at once; returns its folder."""
    from dagster_project import inbox as module

    monkeypatch.setenv("INBOX_ROOT", str(tmp_path / "inbox"))
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setattr("cli.inbox_watch.QUIET_SECONDS", 0)
    module.inbox.cache_clear()
    (tmp_path / "inbox").mkdir()
    yield tmp_path / "inbox"
    module.inbox.cache_clear()


def test_a_set_in_the_inbox_asks_for_one_run_with_its_copy(definitions, instance, inbox):
    sensor = definitions.get_sensor_def("inbox")

    def look():
        context = dg.build_sensor_context(instance, definitions=definitions)
        return sensor.evaluate_tick(context).run_requests

    assert look() == []
    (inbox / "users.csv").write_text(
        "user_id,age,country,subscription_type,registration_date,total_watch_time_hours\n"
    )
    assert look() == []
    (inbox / "viewing_sessions.csv").write_text(
        "session_id,user_id,content_id,watch_date,watch_duration_minutes,completion_percentage,"
        "device_type,quality_level\n"
    )
    (inbox / "content.json").write_text('{"movies": [], "series": []}')
    (request,) = look()
    copy = request.run_config["resources"]["platform"]["config"]["data_dir"]
    assert request.run_key.startswith("inbox__")
    assert copy.endswith(request.run_key.removeprefix("inbox__"))
    assert look() == []


def test_a_run_that_begins_again_is_the_same_batch_and_says_its_day(definitions):
    from dagster_project.platform import Platform

    def context(run_id: str, root: str | None) -> SimpleNamespace:
        run = SimpleNamespace(run_id=run_id, root_run_id=root, tags={"dagster/partition": "2024-09-02"})
        return SimpleNamespace(run=run)

    platform = Platform(quality_gate="warn", users=10)
    first, again = (platform.told_to_tasks(context(*run)) for run in (("a", None), ("b", "a")))
    assert first == again
    assert first["run_id"] == "dagster__a"
    assert first["logical_date"] == datetime(2024, 9, 2, tzinfo=UTC)
    assert first["params"]["as_of"] == "2024-09-02"
    assert (first["params"]["quality_gate"], first["params"]["users"]) == ("warn", 10)
    assert Platform(of_run="dagster__z").batch_id(context("b", None)) == "dagster__z"
