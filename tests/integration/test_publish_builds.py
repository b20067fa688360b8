"""Real builds and publications: days that pass, a day whose data break a rule, a rollback, new models.

The tests build on one another, in this order. What they compare with is a full refresh.
"""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg2.errors import CheckViolation, NotNullViolation

from include.errors import PublicationError
from include.generate import ANCHOR, Size, write_files
from include.ops.dbt_runs import log_results, read_results
from include.publish import publish, rollback
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import build_next, load_everything, trusted_checksums

SIZE = Size(users=60, titles=15, sessions=600)
WITHOUT_TESTS = ("--exclude-resource-type", "unit_test", "test")
POISONED = "completion_percentage = 150, _loaded_at = now() where session_id in"
SOME = "(select session_id from raw.postgres_viewing_sessions where _deleted_at is null order by 1 limit 3)"


class Days:
    """A warehouse to which one day after the other comes."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder

    def batch(self, number: int) -> Batch:
        return Batch(f"day {number}", ANCHOR + timedelta(days=number))

    def load(self, number: int) -> Batch:
        batch = self.batch(number)
        files = self.folder / batch.batch_id
        files.mkdir(exist_ok=True)
        write_files(files, as_of=batch.as_of, seed=42, size=SIZE)
        load_everything(self.platform, files, batch, dataset="generated")
        return batch

    def build(self, batch: Batch, *options: str):
        return build_next(self.platform, self.folder, *(options or WITHOUT_TESTS), batch=batch)

    def publish(self, batch: Batch) -> int:
        return publish(self.platform.connect("dbt_transformer"), batch).version

    def next_day(self, number: int) -> int:
        batch = self.load(number)
        assert self.build(batch).returncode == 0
        return self.publish(batch)

    def star(self) -> dict:
        return trusted_checksums(self.platform)

    def files(self) -> list[tuple]:
        """Return which files on disk hold what readers see."""
        return self.platform.query(
            "admin",
            "select relname, relfilenode from pg_class where relnamespace = 'trusted'::regnamespace"
            " order by relname",
        )

    def full_refresh(self) -> dict:
        """Return the star that a build from nothing gives, in a schema of its own."""
        elsewhere = ("--full-refresh", "--vars", "{trusted_schema: trusted_check}")
        done = self.build(Batch("", ANCHOR), *elsewhere, *WITHOUT_TESTS)
        assert done.returncode == 0, done.stdout[-3000:]
        return trusted_checksums(self.platform, "trusted_check", "dbt_transformer")


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(warehouse, tmp_path_factory.mktemp("days"))


def test_a_build_by_hand_changes_nothing_for_readers(days):
    assert days.next_day(0) == 1
    before = days.star(), days.files()
    assert len(before[1]) > 11
    days.load(1)
    assert days.build(Batch("", ANCHOR)).returncode == 0
    assert (days.star(), days.files()) == before
    with pytest.raises(PublicationError, match="of run 'by hand'"):
        days.publish(days.batch(1))


@pytest.mark.parametrize(
    ("bad", "error"),
    [("completed_sessions = sessions + 1", CheckViolation), ("watch_hours = null", NotNullViolation)],
)
def test_the_database_refuses_what_a_marts_contract_forbids(days, bad, error):
    with pytest.raises(error):
        days.platform.query("dbt_transformer", f"update trusted_next.mart_daily_engagement set {bad}")


def test_the_next_day_builds_on_what_was_built_by_hand(days):
    before = days.star()
    assert days.next_day(1) == 2
    assert days.star() != before


def test_data_that_break_a_rule_are_not_published_and_the_rule_is_named(days, caplog):
    caplog.set_level(logging.INFO)
    batch = days.load(2)
    days.platform.query("elt_loader", f"update raw.postgres_viewing_sessions set {POISONED} {SOME}")
    before = days.star(), days.files()
    done = days.build(batch, "--exclude-resource-type", "unit_test")
    assert done.returncode == 1
    assert (days.star(), days.files()) == before
    with pytest.raises(PublicationError, match="in the state 'unfit' of run 'day 2'"):
        days.publish(batch)
    assert (days.star(), days.files()) == before
    log_results(read_results(days.folder / "target", batch.batch_id))
    assert (
        "dbt test accepted_range_fct_viewing_sessions_completion_percentage__100__0: fail (3 failing rows)"
        in caplog.messages
    )


def test_after_a_failed_run_the_next_good_one_is_whole(days):
    days.platform.query(
        "elt_loader",
        "update raw.postgres_viewing_sessions set completion_percentage = 50, _loaded_at = now()"
        " where completion_percentage = 150",
    )
    batch = days.load(3)
    done = days.build(batch, "--exclude-resource-type", "unit_test")
    assert done.returncode == 0, done.stdout[-3000:]
    # The process may die here: what is published is what is in the database.
    days.publish(batch)
    assert days.star() == days.full_refresh()


def test_after_a_rollback_the_next_run_is_whole(days):
    newest = days.star()
    rollback(days.platform.connect("dbt_transformer"))
    assert days.star() != newest
    # It builds on the star of day 0.
    days.next_day(4)
    assert days.star() == days.full_refresh()


def test_after_a_killed_build_the_next_run_is_whole(days):
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        cursor.execute("drop table trusted_next.dim_users")
        cursor.execute("create table trusted_next.dim_genres__dbt_tmp as select 1 as half_built")
    # It builds on the star that was taken back.
    days.next_day(5)
    assert days.star() == days.full_refresh()


def test_a_copy_that_other_models_built_is_built_from_nothing(days):
    """So a changed column, or a rule in a model, reaches every row of each copy by itself."""
    expected = days.star()
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        cursor.execute(
            "alter table trusted_next.fct_viewing_sessions drop column is_completed;"
            "create table trusted_next.mart_of_old as select 1 as n;"
            """comment on schema trusted_next is '{"state": "published", "code": "older"}'"""
        )
    days.next_day(5)
    assert days.star() == expected


def test_a_key_that_points_nowhere_fails_and_is_named(days):
    name = "foreign_keys_fct_viewing_sessions"
    device, sessions = days.platform.query(
        "dbt_transformer",
        "select device_key, count(*) from trusted_next.fct_viewing_sessions group by 1 order by 2 limit 1",
    )[0]
    forget = "delete from trusted_next.dim_devices where device_key = %s"
    days.platform.query("dbt_transformer", forget, device)
    batch = days.batch(6)
    assert days.build(batch, "--select", name).returncode == 1
    (failed,) = (r for r in read_results(days.folder / "target", batch.batch_id) if r.status == "fail")
    assert (failed.name, failed.failures) == (name, sessions)
    (compiled,) = (days.folder / "target" / "compiled").rglob(f"{name}.sql")
    found = f"select distinct unknown_keys, device_key from ({compiled.read_text()}) as failing"
    assert days.platform.query("dbt_transformer", found) == [("device_key ", device)]
