"""What readers see while stars are published: one whole star each time, and no other schema."""

import random
import threading
from collections.abc import Callable

import psycopg2
import pytest
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.errors import StarInUseError
from include.publish import publish, rollback
from include.publish import swap as module
from tests.integration.publish.hand_made import (
    JOIN,
    ROWS,
    TABLES,
    Warehouse,
    dies_in_the_swap,
)


class Reader(threading.Thread):
    """Reads in a loop until it is told to stop; keeps which stars it saw, and what went wrong."""

    def __init__(self, connection: Connection, read: Callable[[Cursor], set]) -> None:
        super().__init__(daemon=True)
        self.connection, self.read = connection, read
        self.stars: list[int] = []
        self.problems: list[object] = []
        self.ends = threading.Event()

    def run(self) -> None:
        with self.connection.cursor() as cursor:
            while not self.ends.is_set():
                try:
                    seen = self.read(cursor)
                    self.connection.commit()
                except psycopg2.Error as error:
                    self.problems.append(error)
                    return
                if len(seen) != 1:
                    self.problems.append(seen)
                self.stars += seen


def joined(cursor: Cursor) -> set:
    cursor.execute(JOIN)
    stars, rows = cursor.fetchone()
    return set(stars or [None]) if rows == ROWS else {*(stars or []), f"{rows} rows"}


def prepared(cursor: Cursor) -> set:
    cursor.execute("select count(*) from pg_prepared_statements")
    if cursor.fetchone() == (0,):
        cursor.execute(f"prepare star as {JOIN}")
    cursor.execute("execute star")
    return set(cursor.fetchone()[0])


def one_by_one(cursor: Cursor) -> set:
    """Read the tables in a statement each, in any order, so that one waits for what another holds."""
    order = random.sample(TABLES, len(TABLES))
    seen = set()
    for table in order:
        cursor.execute(f"select min(star), max(star), count(*) from trusted.{table}")
        first, last, rows = cursor.fetchone()
        seen |= {first, last} if rows == ROWS else {f"{rows} rows in {table}"}
    return seen


def test_readers_see_whole_stars_through_thirty_publications_and_three_that_fail(star, monkeypatch):
    random.seed(7)
    monkeypatch.setattr(module, "ATTEMPTS", 200)
    star.publish(0)
    readers = []
    for read, settings in (
        (joined, {"autocommit": True}),
        (prepared, {"autocommit": True}),
        (one_by_one, {}),
        (one_by_one, {"isolation_level": REPEATABLE_READ}),
    ):
        connection = star.platform.connect("bi_reader")
        connection.set_session(**settings)
        readers.append(Reader(connection, read))
    for reader in readers:
        reader.start()
    for number in range(1, 31):
        if number % 10 == 0:
            with dies_in_the_swap(monkeypatch), pytest.raises(psycopg2.OperationalError):
                publish(star.transformer, star.build(number))
            star.transformer = star.platform.connect("dbt_transformer")
        star.publish(number)
    for reader in readers:
        reader.ends.set()
        reader.join(20)
    assert [reader.problems for reader in readers] == [[]] * len(readers)
    for reader in readers:
        assert reader.stars == sorted(reader.stars), "nobody goes back to an older star"
        assert len(set(reader.stars)) > 10
    assert star.seen() == {30}


def test_a_transaction_keeps_its_star_to_its_end_and_publishing_waits_for_it(star, in_background, eventually):
    star.publish(1)
    reader = star.platform.connect("bi_reader")
    with reader, reader.cursor() as cursor:
        cursor.execute("select min(star) from trusted.fct_sessions")
        assert cursor.fetchone() == (1,)
        waiting = in_background(publish, star.transformer, star.build(2))
        # The swap waits for the fact, and holds nothing that this transaction asks for now.
        eventually(lambda: waits(star))
        cursor.execute(JOIN)
        assert set(cursor.fetchone()[0]) == {1}
    assert waiting.result(20).version == 2
    assert star.seen() == {2}


def waits(star: Warehouse) -> bool:
    waiting = "select count(*) from pg_locks inner join pg_class on pg_class.oid = relation where not granted"
    return star.platform.query("admin", f"{waiting} and relname = 'fct_sessions'") == [(1,)]


def test_a_snapshot_from_before_the_build_meets_empty_tables(star):
    """The limit that docs/operations.md names: names are looked up anew, rows as of the snapshot."""
    star.publish(1)
    reader = star.platform.connect("bi_reader")
    reader.set_session(isolation_level=REPEATABLE_READ)
    with reader, reader.cursor() as cursor:
        cursor.execute("select 1")
        star.publish(2)
        cursor.execute("select count(*) from trusted.dim_users")
        assert cursor.fetchone() == (0,)
    assert star.seen() == {2}


def test_a_long_reader_leaves_the_star_as_it_is_and_is_named(star, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    star.publish(1)
    reader = star.platform.connect("bi_reader")
    with reader, reader.cursor() as cursor:
        cursor.execute("set application_name = 'long report'; select count(*) from trusted.dim_users")
        next_star = star.build(2)
        before = star.everything()
        with pytest.raises(StarInUseError, match=r"2 attempts.*bi_reader \(long report, pid \d+\)") as error:
            publish(star.transformer, next_star)
        assert f"pid {reader.info.backend_pid})" in str(error.value)
        assert "version 1" in str(error.value)
        assert star.everything() == before
        assert star.seen() == {1}
    assert publish(star.transformer, next_star).version == 2
    assert star.seen() == {2}


def test_who_reads_through_a_view_keeps_the_star_too(star, monkeypatch):
    """The swap locks tables: who reads a view of them has locked them as well."""
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    next_star = star.build(1)
    star.do("create view trusted_next.fct_by_genre as select * from trusted_next.bridge")
    publish(star.transformer, next_star)
    reader = star.platform.connect("bi_reader")
    with reader, reader.cursor() as cursor:
        cursor.execute("select min(star) from trusted.fct_by_genre")
        next_star = star.build(2)
        with pytest.raises(StarInUseError, match=f"pid {reader.info.backend_pid}"):
            publish(star.transformer, next_star)
        cursor.execute("select min(star) from trusted.fct_by_genre")
        assert cursor.fetchone() == (1,)


def test_readers_enter_the_published_star_only_and_may_read_all_of_it(star):
    for number in range(1, 6):
        star.publish(number)
        if number == 4:
            rollback(star.transformer)
            assert star.seen() == {3}
        star.build(number + 100)
        for schema in ("trusted_next", "trusted_previous"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=f"schema {schema}"):
                star.platform.query("bi_reader", f"select 1 from {schema}.dim_users")
    assert star.seen() == {5}


def test_readers_may_not_read_the_counts_that_marts_share(star):
    next_star = star.build(1)
    star.do("create table trusted_next.tot_daily (sessions bigint)")
    publish(star.transformer, next_star)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="tot_daily"):
        star.platform.query("bi_reader", "select 1 from trusted.tot_daily")
    listed = star.platform.query("bi_reader", "select table_name from information_schema.tables")
    assert ("dim_users",) in listed
    assert ("tot_daily",) not in listed


def test_a_star_that_nobody_granted_is_readable_when_it_is_published(star):
    next_star = star.build(1)
    star.do("revoke all on trusted_next.dim_users from bi_reader")
    publish(star.transformer, next_star)
    assert star.seen() == {1}


def test_comments_indexes_and_statistics_come_along(star):
    star.publish(1)
    star.publish(2)
    found = star.platform.query(
        "bi_reader",
        "select relname, obj_description(pg_class.oid, 'pg_class'), reltuples,"
        " (select count(*) from pg_indexes where schemaname = 'trusted' and tablename = relname),"
        " (select count(*) from pg_stats where schemaname = 'trusted' and tablename = relname)"
        " from pg_class where relnamespace = 'trusted'::regnamespace and relkind = 'r' order by 1",
    )
    assert found == [(table, "star 2", ROWS, 1, 2) for table in TABLES]
