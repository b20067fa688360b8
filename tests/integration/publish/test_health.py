"""What readers are told of the star: how fresh it is, and what happened to its data. They see nothing else.

The tests follow one another: each goes on from the days of the one before.
"""

from datetime import UTC, date, datetime

import pytest
from psycopg2.errors import InsufficientPrivilege

from include.generate import ANCHOR
from include.ops.load_runs import Load, record_load
from include.ops.quarantine import store_rejected
from include.publish import rollback
from include.rules.reasons import problem
from include.rules.rejected import Rejected
from tests.conftest import Platform
from tests.integration.publish.generated_days import Days

FRESHNESS = """
select version, star_as_of, last_run_as_of, complete_through, rejected_rows from trusted.data_freshness
"""


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    days = Days(warehouse, tmp_path_factory.mktemp("days"))
    days.next_day(0)
    return days


def told(days: Days) -> tuple:
    return days.platform.query("bi_reader", FRESHNESS)[0]


def day(number: int) -> date:
    return ANCHOR.replace(day=ANCHOR.day + number)


def test_a_published_run_is_complete(days):
    assert told(days) == (1, day(0), day(0), day(0), 0)


def test_what_is_loaded_and_not_published_is_not_complete(days):
    days.load(1)
    assert told(days) == (1, day(0), day(1), day(0), 0)
    days.next_day(1)
    assert told(days) == (2, day(1), day(1), day(1), 0)


def test_a_run_without_news_is_complete_though_the_star_is_kept(days):
    _loads(days, 2)
    assert told(days) == (2, day(1), day(2), day(2), 0)


def test_a_run_that_did_not_load_every_table_is_not_complete(days):
    _loads(days, 3, but="postgres_users")
    assert told(days) == (2, day(1), day(3), day(2), 0)
    events = days.platform.query(
        "bi_reader",
        "select kind, as_of, what from trusted.data_events where %s between first_day and last_day",
        day(3),
    )
    assert events == [("unfinished", day(3), "postgres_users")]


def test_a_row_of_a_file_counts_while_the_newest_run_rejects_it(days):
    """Each run reads the file whole: rejected again it is one row, and once it is mended none."""
    for number, lines in ((3, ["broken", "mended"]), (4, ["broken"])):
        loader, batch = days.platform.connect("elt_loader"), days.batch(number)
        load = Load("seed", "users", datetime.now(UTC))
        found = [
            Rejected(str(line), *problem("empty", column="country", value=""), text)
            for line, text in enumerate(lines)
        ]
        store_rejected(loader, load, "users.csv", found, batch)
        loader.commit()
        loader.close()
        assert told(days)[-1] == len(lines)


def test_a_rollback_takes_what_is_complete_back(days):
    rollback(days.platform.connect("dbt_transformer"))
    version, as_of, _, complete, _ = told(days)
    assert (version, as_of, complete) == (1, day(0), day(0))


@pytest.mark.parametrize("table", ["raw.postgres_users", "ops.data_events", "quarantine.rejected_rows"])
def test_readers_see_nothing_else_of_the_warehouse(days, table):
    assert days.platform.query("bi_reader", "select count(*) from trusted.data_events")[0][0] > 0
    with pytest.raises(InsufficientPrivilege):
        days.platform.query("bi_reader", f"select 1 from {table}")


def _loads(days: Days, number: int, but: str = "") -> None:
    """A run of the day that finds no change in any of the tables that it loads."""
    loader = days.platform.connect("elt_loader")
    tables = days.platform.query(
        "elt_loader", "select distinct table_name from ops.load_runs where stage = 'extract'"
    )
    (now,) = days.platform.query("elt_loader", "select now()")[0]
    for (table,) in tables:
        if table != but:
            record_load(loader, Load("extract", table, now), days.batch(number))
    loader.commit()
    loader.close()
