"""Real builds and publications: days that pass, a day whose data break a rule, a rollback, new models.

Scenario: each fixture is a step that follows the one before it, and tells what readers saw around it. The
tests look, and change nothing that a later step needs; run alone, one performs the steps up to its own.
What builds are compared with is a full refresh.
"""

import logging
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest
from psycopg2.errors import CheckViolation, NotNullViolation

from include.errors import PublicationError
from include.generate import ANCHOR
from include.ops.dbt_runs import log_results, read_results
from include.publish import rollback
from include.run import Batch
from tests.conftest import Platform
from tests.integration.publish.generated_days import WITHOUT_UNIT_TESTS, Days, Seen

POISONED = "completion_percentage = 150, _loaded_at = now() where session_id in"
SOME = "(select session_id from raw.postgres_viewing_sessions where _deleted_at is null order by 1 limit 3)"


@dataclass(frozen=True)
class Built:
    """A build that was not published: what dbt said, and what readers saw before and after."""

    done: CompletedProcess[str]
    before: Seen
    after: Seen


@dataclass(frozen=True)
class Published:
    """A version that readers were given, and the star they saw before and after."""

    version: int
    before: dict
    after: dict


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(warehouse, tmp_path_factory.mktemp("days"))


@pytest.fixture(scope="module")
def first_version(days: Days) -> int:
    """Day 0 is loaded, built and published."""
    return days.next_day(0)


@pytest.fixture(scope="module")
def built_by_hand(days: Days, first_version: int) -> Built:
    """Day 1 is loaded, and somebody builds it by hand."""
    before = days.seen()
    days.load(1)
    return Built(days.build(Batch("", ANCHOR)), before, days.seen())


@pytest.fixture(scope="module")
def second_version(days: Days, built_by_hand: Built) -> Published:
    """The run of day 1 builds upon that and publishes."""
    before = days.star()
    return Published(days.next_day(1), before, days.star())


@pytest.fixture(scope="module")
def built_of_bad_data(days: Days, second_version: Published) -> Built:
    """Day 2 brings sessions that break a rule."""
    batch = days.load(2)
    days.platform.query("elt_loader", f"update raw.postgres_viewing_sessions set {POISONED} {SOME}")
    before = days.seen()
    return Built(days.build(batch, *WITHOUT_UNIT_TESTS), before, days.seen())


@pytest.fixture(scope="module")
def mended(days: Days, built_of_bad_data: Built) -> None:
    """The sessions are mended; the run of day 3 tests and publishes them."""
    days.platform.query(
        "elt_loader",
        "update raw.postgres_viewing_sessions set completion_percentage = 50, _loaded_at = now()"
        " where completion_percentage = 150",
    )
    batch = days.load(3)
    done = days.build(batch, *WITHOUT_UNIT_TESTS)
    assert done.returncode == 0, done.stdout[-3000:]
    # The process may die here: what is published is what is in the database.
    days.publish(batch)


@pytest.fixture(scope="module")
def rolled_back(days: Days, mended: None) -> tuple[dict, dict]:
    """Readers get the previous version again, and then day 4; tells what they saw before and between."""
    newest = days.star()
    rollback(days.platform.connect("dbt_transformer"))
    previous = days.star()
    # It builds on the star of day 0.
    days.next_day(4)
    return newest, previous


@pytest.fixture(scope="module")
def rebuilt_after_a_kill(days: Days, rolled_back: tuple[dict, dict]) -> None:
    """A build dies half way; then comes the run of day 5."""
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        cursor.execute("drop table trusted_next.dim_users")
        cursor.execute("create table trusted_next.dim_genres__dbt_tmp as select 1 as half_built")
    # It builds on the star that was taken back.
    days.next_day(5)


@pytest.fixture(scope="module")
def before_new_models(days: Days, rebuilt_after_a_kill: None) -> dict:
    """The next copy is one that older models built, and day 5 comes again; tells the star before."""
    expected = days.star()
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        cursor.execute(
            "alter table trusted_next.fct_viewing_sessions drop column is_completed cascade;"
            "create table trusted_next.mart_of_old as select 1 as n;"
            """comment on schema trusted_next is '{"state": "published", "code": "older"}'"""
        )
    days.next_day(5)
    return expected


def test_a_build_by_hand_changes_nothing_for_readers(days, first_version, built_by_hand):
    assert first_version == 1
    assert len(built_by_hand.before.files) > 11
    assert built_by_hand.done.returncode == 0
    assert built_by_hand.after == built_by_hand.before
    with pytest.raises(PublicationError, match="of run 'by hand'"):
        days.publish(days.batch(1))


@pytest.mark.parametrize(
    ("bad", "error"),
    [("completed_sessions = sessions + 1", CheckViolation), ("watch_hours = null", NotNullViolation)],
)
@pytest.mark.usefixtures("built_by_hand")
def test_the_database_refuses_what_a_marts_contract_forbids(days, bad, error):
    with pytest.raises(error):
        days.platform.query("dbt_transformer", f"update trusted_next.mart_daily_engagement set {bad}")


def test_the_next_day_builds_on_what_was_built_by_hand(second_version):
    assert second_version.version == 2
    assert second_version.after != second_version.before


def test_data_that_break_a_rule_are_not_published_and_the_rule_is_named(days, built_of_bad_data, caplog):
    caplog.set_level(logging.INFO)
    batch = days.batch(2)
    assert built_of_bad_data.done.returncode == 1
    assert built_of_bad_data.after == built_of_bad_data.before
    with pytest.raises(PublicationError, match="in the state 'unfit' of run 'day 2'"):
        days.publish(batch)
    assert days.seen() == built_of_bad_data.before
    log_results(read_results(days.folder / "target", batch.batch_id))
    assert (
        "dbt test accepted_ranges_fct_viewing_sessions_watch_duration_minutes_completion_percentage:"
        " fail (3 failing rows)"
    ) in caplog.messages


@pytest.mark.usefixtures("mended")
def test_after_a_failed_run_the_next_good_one_is_whole(days):
    assert days.star() == days.full_refresh()


def test_after_a_rollback_the_next_run_is_whole(days, rolled_back):
    newest, previous = rolled_back
    assert previous != newest
    assert days.star() == days.full_refresh()


@pytest.mark.usefixtures("rebuilt_after_a_kill")
def test_after_a_killed_build_the_next_run_is_whole(days):
    assert days.star() == days.full_refresh()


def test_a_copy_that_other_models_built_is_built_from_nothing(days, before_new_models):
    """So a changed column, or a rule in a model, reaches every row of each copy by itself."""
    assert days.star() == before_new_models


@pytest.mark.usefixtures("before_new_models")
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
