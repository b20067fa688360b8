"""Rows of the runbook that end with another trigger: each failure is caused, and its row is followed.

Scenario: the tests follow one another on one Airflow. Those with files of somebody's own come last: such
files replace what was generated.
"""

from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pytest

from include.environment import ROOT
from include.generate import ANCHOR, Size, write_files
from include.runbook import RUNBOOK
from tests.running_airflow import ENDED

pytestmark = pytest.mark.nightly

DAY = "2024-09-01"
FEW = {"as_of": DAY, "sessions": 200}
HEALTH = "/api/v2/dags/playback_streaming_health"
READ = """
insert into ops.kafka_partitions (topic, partition, next_offset, end_offset, newest_event_time, read_at)
values ('playback-events', 0, 0, 0, now(), now() - interval '{hours} hours')
on conflict (topic, partition) do update set read_at = excluded.read_at
"""


def write(folder: Path, seed: int) -> Path:
    write_files(folder, as_of=ANCHOR, seed=seed, size=Size(users=60, titles=15, sessions=600))
    return folder


def looks(person, minute: int) -> tuple[str, str]:
    """Let streaming be looked at, in the order of minutes; return the run's id and how it ended."""
    api, at = person.airflow.api, f"2024-09-01T00:{minute:02}:00Z"
    run_id = api.request("POST", f"{HEALTH}/dagRuns", json={"logical_date": at})["dag_run_id"]
    path = f"{HEALTH}/dagRuns/{quote(run_id, safe='')}"
    person.ui.until(lambda: api.request("GET", path)["state"] in ENDED, 60)
    (task,) = api.request("GET", f"{path}/taskInstances")["task_instances"]
    return run_id, task["state"]


@pytest.fixture
def files(person) -> Path:
    return write(person.ui.project / "mine", 1)


@pytest.mark.runbook("InputError: The run's configuration has …")
def test_misspelt_name(person, entry):
    person.fails(entry, asof=DAY)
    assert "as_of" in entry.remedy
    person.triggers(as_of=DAY)


@pytest.mark.runbook("GuardError: …")
def test_mass_deletion(person, entry):
    person.fails(entry, **FEW)
    assert "trigger a run with `allow_mass_deletion`" in (ROOT / RUNBOOK).read_text()
    person.triggers(**FEW, allow_mass_deletion=True)


@pytest.mark.runbook("StreamBehindError")
def test_events_that_nobody_reads(person, entry):
    person.airflow.api.request("PATCH", HEALTH, json={"is_paused": False})
    assert looks(person, 0)[1] == "skipped"
    person.of_warehouse(READ.format(hours=1))
    (run_id, state), (again, state_again) = looks(person, 1), looks(person, 2)
    assert (state, state_again) == ("failed", "failed")
    told = person.alert_of(run_id)
    assert "\nCause: StreamBehindError: nobody has read playback-events since 2" in told
    assert f"\nWhat to do: {entry.remedy}. Runbook: " in told
    # As a consumer does that runs again.
    person.of_warehouse(READ.format(hours=0))
    assert looks(person, 3)[1] == "success"
    assert "the next run is green by itself" in entry.remedy
    # Another outage; the one before was told once.
    person.of_warehouse(READ.format(hours=2))
    assert person.alert_of(looks(person, 4)[0])
    assert [alert for alert in person.receiver.alerts if quote(again, safe="") in alert["message"]] == []
    person.airflow.api.request("PATCH", HEALTH, json={"is_paused": True})


@pytest.mark.runbook("InputError: … line …")
def test_file_that_ends_in_the_middle_of_a_row(person, entry, files):
    whole = (files / "users.csv").read_bytes()
    (files / "users.csv").write_bytes(whole.rstrip() + b'\n"U9')
    person.fails(entry, data_dir=str(files))
    (files / "users.csv").write_bytes(whole)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: … rows read cannot be loaded")
def test_file_of_which_most_rows_are_wrong(person, entry, files):
    sessions = pd.read_csv(files / "viewing_sessions.csv")
    wrong = sessions["watch_duration_minutes"].where(sessions.index % 2 == 0, -1)
    sessions.assign(watch_duration_minutes=wrong).to_csv(files / "viewing_sessions.csv", index=False)
    person.fails(entry, data_dir=str(files))
    assert "watch_duration_minutes" in person.follows(entry, "make quarantine")
    sessions.to_csv(files / "viewing_sessions.csv", index=False)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: … of data that are generated, but …")
def test_size_of_what_is_not_generated(person, entry, files):
    person.fails(entry, data_dir=str(files), users=50)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: …")
def test_folder_that_is_not_there(person, entry, files):
    person.fails(entry, data_dir=str(files / "nowhere"))
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("DataQualityError: … (quality_gate is stop)")
def test_star_that_looks_unusual(person, entry, files):
    other = str(write(person.ui.project / "other", 2))
    person.fails(entry, data_dir=other, quality_gate="stop")
    assert "fct_viewing_sessions" in person.follows(entry, "make plan")
    assert "quality_gate=warn" in entry.remedy
    person.triggers(data_dir=other, quality_gate="warn")
