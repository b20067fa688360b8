"""A day of files on the emulator of AWS: the star is PostgreSQL's, and a failure reaches no reader."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from aws.stack import Execution, Stack
from include.generate import Size, write_files
from include.run import Batch
from lakehouse.checksums import checksum, star_checksums
from lakehouse.maintenance import restore
from lakehouse.publications import current
from lakehouse.tested import newest_star
from tests.aws.conftest import Mailbox
from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY
from tests.lakehouse import stars
from tests.lakehouse.lake import BuiltLake
from tests.pipeline import build_next, load_everything

DAY = date(2024, 9, 1)
NEXT = DAY + timedelta(days=1)
SIZE = Size(users=300, titles=60, sessions=5000)
USERS, SESSIONS = "silver.postgres_users", "silver.postgres_viewing_sessions"


@dataclass(frozen=True)
class Days:
    """The stack with the files of a day that it ran, and its lake."""

    stack: Stack
    folder: Path
    built: BuiltLake
    first: Execution

    def versions(self) -> dict[str, int]:
        return {name: self.built.lake.open(name).version() for name in self.built.lake.tables()}


@pytest.fixture(scope="module")
def days(stack: Stack, variables: Mapping[str, str], warehouse: Platform, tmp_path_factory) -> Days:
    """The first day in both stars; some of its rows are broken."""
    folder = tmp_path_factory.mktemp("files")
    write_files(folder, as_of=DAY, seed=42, size=SIZE, defects=0.005)
    stack.put_files(folder, DAY)
    first = stack.run(DAY)
    batch = Batch("day", DAY)
    load_everything(warehouse, folder, batch)
    done = build_next(warehouse, folder / "star", *MODELS_ONLY, batch=batch)
    assert done.returncode == 0, done.stdout[-5000:]
    login = {
        "LAKE": stack.lake,
        "LAKE_ENDPOINT": variables["AWS_ENDPOINT_URL"],
        "LAKE_REGION": variables["AWS_DEFAULT_REGION"],
        "LAKE_ACCESS_KEY_ID": variables["AWS_ACCESS_KEY_ID"],
        "LAKE_SECRET_ACCESS_KEY": variables["AWS_SECRET_ACCESS_KEY"],
    }
    return Days(stack, folder, BuiltLake(warehouse, folder, login), first)


def landed(name: str, table: str) -> float:
    """Return the sum of a metric of a raw table."""
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="VideoStreaming",
        MetricName=name,
        Dimensions=[{"Name": "Table", "Value": table}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_the_stars_checksums_are_those_of_postgresql(days: Days):
    assert days.first == Execution("SUCCEEDED", "")
    assert days.built.differences() == []
    found, wanted = star_checksums(days.built.lake), stars.in_postgresql(days.built.platform)
    assert found == {name: checksum(wanted[name]) for name in found}
    # What PostgreSQL's has beside them is empty.
    assert not [name for name in wanted.keys() - found.keys() - stars.NOTES if wanted[name]]
    assert found["fct_viewing_sessions"][0] > 4000


def test_metrics_say_what_was_landed_and_what_was_not(days: Days):
    bronze = days.built.lake.open("bronze.postgres_users").to_pyarrow_table().num_rows
    rejected = days.built.lake.open("bronze.quarantine").to_pyarrow_table().to_pylist()
    of_users = [row for row in rejected if row["_source_table"] == "users.csv"]
    assert landed("RowsLanded", "postgres_users") == bronze > 200
    assert landed("RowsQuarantined", "postgres_users") == len(of_users) > 0


def test_a_file_that_lacks_most_of_its_rows_ends_in_an_alarm_and_changes_nothing(
    days: Days, alarms: Mailbox, tmp_path: Path
):
    before = days.versions()
    shutil.copytree(days.folder, tmp_path / "files", ignore=shutil.ignore_patterns("star"))
    sessions = tmp_path / "files" / "viewing_sessions.csv"
    sessions.write_text("".join(sessions.open().readlines()[:10]))
    days.stack.put_files(tmp_path / "files", NEXT)
    done = days.stack.run(NEXT)
    assert done.status == "FAILED"
    assert "GuardError" in done.cause
    assert "live rows would vanish" in done.cause
    (alarm,) = alarms.messages()
    assert alarm["Subject"] == "Video streaming: a run failed"
    assert f"The run of {NEXT} failed: readers keep the last publication." in alarm["Message"]
    assert "live rows would vanish" in alarm["Message"]
    assert days.versions() == before


def test_without_the_files_of_the_day_the_alarm_says_which_is_missing(days: Days, alarms: Mailbox):
    done = days.stack.run(date(2024, 9, 9))
    assert done.status == "FAILED"
    (alarm,) = alarms.messages()
    assert "/2024-09-09/" in alarm["Message"]
    assert "is not there. Put the day's file there, and run again" in alarm["Message"]


def test_rows_that_somebody_changed_stop_at_the_gate_and_the_day_runs_again_when_they_are_mended(
    days: Days, alarms: Mailbox
):
    lake, seen, star = days.built.lake, current(days.built.lake), days.built.star()
    good = lake.open(USERS).version()
    # Users would have versions of a wrong day, and no test of dbt's would see it. What files say is healed
    # by landing them again.
    lake.open(USERS).update({"_as_of": "date '2024-01-01'"}, predicate="user_id < 'U0100'")
    before = newest_star(lake)
    done = days.stack.run(DAY)
    assert done.status == "FAILED"
    assert "DataQualityError: silver.postgres_users lacks" in done.cause
    assert "DataQualityError" in alarms.messages()[0]["Message"]
    # Nothing was built of it, and readers see what they saw.
    assert newest_star(lake) == before
    assert (current(lake), days.built.star()) == (seen, star)
    restore(lake, USERS, good)
    sessions = lake.open(SESSIONS).version()
    assert days.stack.run(DAY) == Execution("SUCCEEDED", "")
    assert alarms.messages() == []
    # The files came for the third time.
    assert lake.open(SESSIONS).version() == sessions
    assert days.built.differences() == []
