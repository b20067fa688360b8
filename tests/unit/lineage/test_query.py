"""Which columns a query makes its own from, by small queries over two tables."""

import pytest

from include.errors import LineageError
from include.lineage.query import ROWS, Query

TABLES = {"raw.users": ["id", "age", "country", "seen"], "raw.sessions": ["id", "user_id", "minutes"]}


def lineage(sql: str) -> dict[str, set[str]]:
    return Query(sql, TABLES).lineage()


@pytest.mark.parametrize(
    ("value", "made_from"),
    [
        ("age", {"age"}),
        ("cast(age + 1 as bigint)", {"age"}),
        ("coalesce(country, 'Unknown')", {"country"}),
        ("case when age < 18 then country end", {"age", "country"}),
        ("'Unknown'", set()),
        ("count(age)", {"age"}),
        ("count(*)", {ROWS}),
        ("count(*) over (partition by country)", {ROWS}),
        ("row_number() over (partition by country order by seen)", {"seen"}),
        ("max(age) over (partition by country)", {"age"}),
        ("lag(age) over (partition by id order by seen)", {"age", "seen"}),
    ],
)
def test_a_value_is_made_from_what_its_expression_names_but_for_partitions(value, made_from):
    sql = f"select {value} as value from raw.users"
    assert lineage(sql)["value"] == {f"raw.users.{name}" for name in made_from}


def test_joins_filters_and_groups_make_no_value():
    sql = """
    select users.country, sum(sessions.minutes) as minutes, count(*) as sessions
    from raw.sessions as sessions
    inner join raw.users as users on sessions.user_id = users.id
    where users.age > 18
    group by users.country
    having max(users.seen) is not null
    """
    assert lineage(sql) == {
        "country": {"raw.users.country"},
        "minutes": {"raw.sessions.minutes"},
        "sessions": {"raw.sessions.*"},
        ROWS: {"raw.sessions.*"},
    }


def test_columns_are_followed_through_what_is_named_before_and_within():
    sql = """
    with grown as (select *, age >= 18 as is_grown from raw.users),
    counted as (select user_id, count(*) as sessions from raw.sessions group by user_id)
    select grown.*, watched.sessions as watched
    from (select id, is_grown from grown) as grown
    left join counted as watched on grown.id = watched.user_id
    """
    assert lineage(sql) == {
        "id": {"raw.users.id"},
        "is_grown": {"raw.users.age"},
        "watched": {"raw.sessions.*"},
        ROWS: {"raw.users.*"},
    }


def test_the_columns_of_a_union_meet_by_their_place_in_every_branch():
    sql = """
    select id as member, age from raw.users
    union all (select user_id, null from raw.sessions)
    union all select -1 as member, 0 as age
    """
    assert lineage(sql) == {
        "member": {"raw.users.id", "raw.sessions.user_id"},
        "age": {"raw.users.age"},
        ROWS: {"raw.users.*", "raw.sessions.*"},
    }


def test_a_query_in_a_value_gives_what_it_selects():
    sql = """
    select
        (select max(minutes) from raw.sessions where sessions.user_id = users.id) as longest,
        exists (select 1 from raw.sessions where sessions.user_id = users.id) as has_watched
    from raw.users as users
    """
    assert lineage(sql) == {"longest": {"raw.sessions.minutes"}, "has_watched": set(), ROWS: {"raw.users.*"}}


def test_a_table_that_nobody_describes_may_be_asked_for_a_column_by_name():
    assert lineage("select kind from ops.events")["kind"] == {"ops.events.kind"}
    sql = "select events.kind, age from raw.users cross join ops.events as events"
    assert lineage(sql)["kind"] == {"ops.events.kind"}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select name from raw.users", "of which table name is"),
        ("select users.name from raw.users as users", "Unknown column: name"),
        ("with u as (select id from raw.users) select u.age from u", "Unknown column: age"),
        ("with u as (select id from raw.users) select age from u", "of which table age is"),
        ("select kind from ops.events cross join ops.others", "of which table kind is"),
        ("select * from ops.events", "the columns of a `select *` are not known"),
        ("select max(age) over w as age from raw.users window w as (order by id)", "a clause `window`"),
        ("select others.id from raw.users", "others is no table"),
        ("select n from generate_series(1, 5) as days(n)", "days is no table"),
        ("select tag from raw.users cross join unnest(users.seen) as tags(tag)", "tags is no table"),
        ("with recursive n as (select 1 as i union all select i + 1 from n) select i from n", "recursive"),
        ("select to_jsonb(u) as all_of_it from raw.users as u", "the whole row u"),
        ("select from where", "Expected table name"),
    ],
)
def test_what_cannot_be_followed_is_refused(sql, reason):
    with pytest.raises(LineageError) as refused:
        lineage(sql)
    assert reason in str(refused.value)
