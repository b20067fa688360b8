"""The data events of a day or week, from what runs leave in ops, quarantine and raw."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from psycopg2.extensions import connection as Connection

from include.ops.health import SESSIONS, create_health_views
from include.ops.load_runs import Load, record_load
from include.ops.publications import Contents, record_publication
from include.ops.quarantine import store_rejected
from include.ops.schema_changes import ADDED, SchemaChange, record_changes
from include.rules.reasons import problem
from include.rules.rejected import Rejected
from include.run import Batch
from include.why.compared import Period
from include.why.events import read_events
from tests.conftest import Platform
from tests.raw_rows import upsert

NOW = datetime(2024, 9, 2, tzinfo=UTC)
THURSDAY, FRIDAY, SUNDAY = (Batch(f"run {day}", date(2024, 8, day)) for day in (22, 23, 25))
LATER = Batch("run of 28", date(2024, 8, 28))
DBT_RUN = """
insert into ops.dbt_runs (
    invocation_id, unique_id, batch_id, resource_type, status, seconds, failures, generated_at
) values ('i', 'test.project.unique_id.0a', %s, 'test', 'fail', 1, 3, now())
"""


@pytest.fixture
def loader(platform: Platform) -> Iterator[Connection]:
    """The loader, after runs as of Thursday, Friday (without sessions) and Sunday; none on Saturday."""
    loader = platform.connect("elt_loader")
    for batch in (THURSDAY, FRIDAY, SUNDAY):
        _load(loader, batch, "postgres_users")
        if batch is not FRIDAY:
            _load(loader, batch, "postgres_viewing_sessions")
    loader.commit()
    yield loader
    loader.close()


def _load(loader: Connection, batch: Batch, table: str) -> None:
    record_load(loader, Load("extract", table, NOW), batch)


def _session(
    loader: Connection, key: str, watched: date, as_of: date, deleted: datetime | None = None
) -> None:
    row = {
        "session_id": key,
        "watch_date": watched,
        "watch_duration_minutes": 1,
        "completion_percentage": 1,
        "_batch_id": "b",
        "_as_of": as_of,
        "_loaded_at": NOW,
        "_deleted_at": deleted,
    }
    with loader.cursor() as cursor:
        cursor.execute(upsert("postgres_viewing_sessions", row), row)


def _said(loader: Connection, period: Period) -> list[str]:
    with loader.cursor() as cursor:
        return [str(event) for event in read_events(cursor, period)]


def _day(batch: Batch) -> Period:
    return Period("day", batch.as_of)


def test_load_that_did_not_finish_is_told(loader):
    assert _said(loader, _day(FRIDAY)) == [
        "as of 2024-08-23: a run did not finish its load of postgres_viewing_sessions"
    ]
    assert _said(loader, _day(THURSDAY)) == []


def test_day_without_a_run_is_told(loader):
    saturday = Period("day", date(2024, 8, 24))
    assert _said(loader, saturday) == ["as of 2024-08-24: no run finished a load as of this day"]
    week = _said(loader, Period("week", date(2024, 8, 19)))
    # Before the first run nothing was due.
    assert week == [*_said(loader, saturday), *_said(loader, _day(FRIDAY))]


def test_late_and_deleted_rows_are_counted(loader):
    _session(loader, "in time", THURSDAY.as_of, THURSDAY.as_of)
    _session(loader, "late", THURSDAY.as_of, LATER.as_of)
    _session(loader, "gone", THURSDAY.as_of, LATER.as_of, deleted=NOW)
    _session(loader, "of another day", FRIDAY.as_of, LATER.as_of)
    assert _said(loader, _day(THURSDAY)) == [
        "as of 2024-08-22: viewing_sessions: 1 came late, or were changed after the run that brought the"
        " time",
        "as of 2024-08-28: viewing_sessions: 1 were deleted by the source since",
    ]
    with loader.cursor() as cursor:
        cursor.execute(f"drop table {SESSIONS} cascade")
        create_health_views(cursor)
    assert _said(loader, _day(THURSDAY)) == []


def test_rejected_row_counts_in_its_first_run(loader):
    for batch, lines in ((THURSDAY, "ab"), (SUNDAY, "abc")):
        load = Load("seed", "viewing_sessions", NOW)
        rejected = [
            Rejected(str(line), *problem("empty", column="watch_date", value=""), text)
            for line, text in enumerate(lines)
        ]
        store_rejected(loader, load, "viewing_sessions.csv", rejected, batch)
    words = "rejected for the first time, see make quarantine"
    assert _said(loader, _day(THURSDAY)) == [f"as of 2024-08-22: viewing_sessions: 2 {words}"]
    assert _said(loader, _day(SUNDAY)) == [f"as of 2024-08-25: viewing_sessions: 1 {words}"]


def test_drift_and_failed_tests_are_told(loader):
    change = SchemaChange("postgres_viewing_sessions", "rating", "added", ADDED, new_type="integer")
    with loader.cursor() as cursor:
        record_changes(cursor, [change], SUNDAY)
        cursor.execute(DBT_RUN, (SUNDAY.batch_id,))
    assert _said(loader, _day(SUNDAY)) == [
        "as of 2024-08-25: the source changed its shape: postgres_viewing_sessions rating was added,"
        " added to raw",
        "as of 2024-08-25: dbt failed: unique_id",
    ]


def test_versions_are_told_with_the_run_that_brought_the_time(loader):
    """Saturday came with Sunday's run."""
    with loader.cursor() as cursor:
        for version, batch in ((1, THURSDAY), (2, SUNDAY), (3, LATER)):
            marker = {
                "version": version,
                "batch_id": batch.batch_id,
                "invocation_id": str(version),
                "as_of": batch.as_of,
            }
            record_publication(cursor, "publish", marker, Contents({}, {}), time.time())
        record_publication(
            cursor, "rollback", marker | {"as_of": SUNDAY.as_of}, Contents({}, {}), time.time()
        )
    told = _said(loader, Period("day", date(2024, 8, 24)))
    assert told[1:] == [
        "as of 2024-08-25: version 2 of the star was published",
        "as of 2024-08-25: version 3 of the star was given to readers again",
    ]
