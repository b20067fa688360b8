"""The view of sessions by genre reads the tables of its own copy of the star, and readers may read it.

Scenario: two days are built and published, the second is taken back, a third follows. After each step every
copy is looked at.
"""

from decimal import Decimal

import pytest

from include.publish import rollback
from include.publish.contents import foreign_parts
from include.publish.schema_marker import PREVIOUS, TRUSTED
from tests.conftest import Platform
from tests.integration.publish.generated_days import Days

TOTALS = """
select
    (select sum(watch_minutes) from {0}.fct_viewing_sessions_by_genre),
    (select sum(watch_duration_minutes) from {0}.fct_viewing_sessions),
    (select sum(weight) from {0}.fct_viewing_sessions_by_genre),
    (select count(*) from {0}.fct_viewing_sessions)
"""
OF_THE_VIEW = """
select genre_key, sum(weight), coalesce(sum(weight) filter (where is_completed), 0),
    round(sum(watch_minutes) / 60, 2)
from trusted.fct_viewing_sessions_by_genre group by genre_key order by genre_key
"""
OF_THE_MART = """
select genre_key, sessions, completed_sessions, watch_hours
from trusted.mart_genre_performance where sessions > 0 order by genre_key
"""


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(warehouse, tmp_path_factory.mktemp("days"))


def minutes_of(days: Days, schema: str) -> Decimal:
    """Return the minutes that the view of a copy has, which are those of the fact of the copy."""
    role = "bi_reader" if schema == TRUSTED else "dbt_transformer"
    ((minutes, of_the_fact, weights, sessions),) = days.platform.query(role, TOTALS.format(schema))
    assert (minutes, weights) == (of_the_fact, sessions)
    return minutes


def whole_copies(days: Days, *schemas: str) -> list[Decimal]:
    """Return the minutes of these copies; none of them reads another one."""
    with days.platform.connect("dbt_transformer") as connection, connection.cursor() as cursor:
        assert [part for schema in schemas for part in foreign_parts(cursor, schema)] == []
    return [minutes_of(days, schema) for schema in schemas]


def test_through_publications_and_a_rollback_each_copy_reads_its_own_tables(days):
    assert days.next_day(0) == 1
    (first,) = whole_copies(days, TRUSTED)
    assert days.next_day(1) == 2
    second, before = whole_copies(days, TRUSTED, PREVIOUS)
    assert before == first != second
    assert rollback(days.platform.connect("dbt_transformer")).version == 1
    assert whole_copies(days, TRUSTED, PREVIOUS) == [first, second]
    # It builds on the star that was taken back.
    assert days.next_day(2) == 3
    third, before = whole_copies(days, TRUSTED, PREVIOUS)
    assert before == first
    assert third not in (first, second)
    of_the_view = days.platform.query("bi_reader", OF_THE_VIEW)
    assert len(of_the_view) > 5
    assert of_the_view == days.platform.query("bi_reader", OF_THE_MART)
