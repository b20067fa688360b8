"""Publishing by swapping schema names: what readers see meanwhile, and what is left when something fails.

The stars are made by hand: every table says of which star it is. Real builds: test_publish_builds.py.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import psycopg2
import pytest
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ as REPEATABLE_READ
from psycopg2.sql import SQL, Identifier, Literal

from include.embedded import postgres
from include.errors import PublicationError, StarInUseError
from include.ops.publications import latest_publications
from include.publish import publish, rollback
from include.publish import swap as module
from include.run import Batch
from tests.conftest import Platform

TABLES = ("bridge", "dim_titles", "dim_users", "fct_sessions")
ROWS = 50
JOIN = (
    "select array_agg(distinct bridge.star) || array_agg(distinct dim_titles.star)"
    " || array_agg(distinct dim_users.star) || array_agg(distinct fct_sessions.star), count(*)"
    " from trusted.fct_sessions inner join trusted.dim_users using (id)"
    " inner join trusted.dim_titles using (id) inner join trusted.bridge using (id)"
)


def batch(number: int) -> Batch:
    return Batch(f"run {number}", date(2024, 9, 1))


class Warehouse:
    """A warehouse whose stars are made by hand, and everybody who works in it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.transformer = platform.connect("dbt_transformer")

    def build(self, number: int, state: str = "tested") -> Batch:
        """Make the star `number` in trusted_next, as the run of that number does."""
        marker = {"state": state, "batch_id": f"run {number}", "invocation_id": f"dbt {number}"}
        statements = [
            SQL(
                "drop table if exists trusted_next.{0} cascade;"
                "create table trusted_next.{0} as select id, {1} as star from generate_series(1, {2}) as id;"
                "create unique index on trusted_next.{0} (id);"
                "comment on table trusted_next.{0} is {3}"
            ).format(Identifier(table), Literal(number), Literal(ROWS), Literal(f"star {number}"))
            for table in TABLES
        ]
        statements.append(SQL("comment on schema trusted_next is {}").format(Literal(json.dumps(marker))))
        with self.transformer as connection, connection.cursor() as cursor:
            cursor.execute(SQL(";").join(statements))
        return batch(number)

    def do(self, statement: str) -> None:
        """Run a statement as dbt does."""
        self.platform.query("dbt_transformer", statement)

    def publish(self, number: int) -> int:
        """Build a star, publish it, and return its version."""
        return publish(self.transformer, self.build(number)).version

    def seen(self) -> set[int]:
        """Return the stars that bi_reader sees in the four tables."""
        ((stars, rows),) = self.platform.query("bi_reader", JOIN)
        assert rows == ROWS
        return set(stars)

    def everything(self) -> list[tuple]:
        """Return all relations of the three schemas with the files on disk that hold them, and the log."""
        files = self.platform.query(
            "admin",
            "select nspname, relname, relfilenode from pg_class"
            " inner join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname like 'trusted%%' order by 1, 2",
        )
        return files + self.platform.query("admin", "select * from ops.publications order by 1")


@pytest.fixture
def star(warehouse: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The module's warehouse as it is after its first start, with short pauses."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(module, "DBT_SILENT_SECONDS", 0.2)
    warehouse.query(
        "admin",
        "drop schema trusted, trusted_next, trusted_previous cascade;"
        "truncate ops.publications restart identity",
    )
    postgres.create_databases(warehouse.env, int(warehouse.env["WAREHOUSE_PORT"]))
    yield Warehouse(warehouse)
    warehouse.close()


@contextmanager
def dies_in_the_swap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """While it lasts, a swap loses its connection when all names are changed and nothing is committed."""

    def die(cursor: object, *_: object) -> None:
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(module, "record_publication", die)
        yield


# What readers see


class Reader(threading.Thread):
    """Reads in a loop until it is told to stop; keeps which stars it saw, and what went wrong."""

    def __init__(self, connection, read: Callable) -> None:
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


def joined(cursor) -> set:
    cursor.execute(JOIN)
    stars, rows = cursor.fetchone()
    return set(stars or [None]) if rows == ROWS else {*(stars or []), f"{rows} rows"}


def prepared(cursor) -> set:
    cursor.execute("select count(*) from pg_prepared_statements")
    if cursor.fetchone() == (0,):
        cursor.execute(f"prepare star as {JOIN}")
    cursor.execute("execute star")
    return set(cursor.fetchone()[0])


def one_by_one(cursor) -> set:
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


# What dbt drops next is nothing that readers use


def test_dropping_the_next_star_touches_nothing_that_readers_use(star):
    for number in (1, 2, 3):
        star.build(number)
        star.do("create view trusted_next.long_sessions as select * from trusted_next.fct_sessions")
        publish(star.transformer, batch(number))
    for table in TABLES:
        star.do(f"drop table trusted_next.{table} cascade")
    assert star.platform.query("bi_reader", "select distinct star from trusted.long_sessions") == [(3,)]
    rollback(star.transformer)
    assert star.platform.query("bi_reader", "select distinct star from trusted.long_sessions") == [(2,)]
    assert star.seen() == {2}


def test_a_star_that_reads_another_one_is_not_published(star):
    star.publish(1)
    next_star = star.build(2)
    star.do("create view trusted_next.mixed as select * from trusted.dim_users")
    with pytest.raises(PublicationError, match=r"trusted_next\.mixed reads trusted\.dim_users"):
        publish(star.transformer, next_star)
    assert star.seen() == {1}


# Once, and only what was tested


def test_publishing_a_batch_twice_swaps_once(star):
    star.publish(1)
    next_star = star.build(2)
    first = publish(star.transformer, next_star)
    after = star.everything()
    assert publish(star.transformer, next_star) == first
    assert star.everything() == after
    assert star.seen() == {2}


def test_a_run_that_was_published_before_others_changes_nothing(star):
    first = publish(star.transformer, star.build(1))
    for number in (2, 3, 4):
        star.publish(number)
    after = star.everything()
    assert publish(star.transformer, batch(1)) == first
    assert star.everything() == after


def test_a_run_that_is_built_again_is_published_again(star):
    star.publish(1)
    star.publish(2)
    star.build(1)
    marker = '{"state": "tested", "batch_id": "run 1", "invocation_id": "dbt 1 again"}'
    star.do(f"comment on schema trusted_next is '{marker}'")
    assert publish(star.transformer, batch(1)).version == 3
    assert star.seen() == {1}


def test_an_older_run_does_not_publish_what_a_later_one_replaced(star):
    star.publish(1)
    star.publish(2)
    star.build(3)
    star.publish(4)
    after = star.everything()
    with pytest.raises(PublicationError, match=r"'run 3' but .* of run 'run 1'.*see version 3 .*run 4\)"):
        publish(star.transformer, batch(3))
    assert star.everything() == after


@pytest.mark.parametrize("state", ["building", "unfit", "published"])
def test_a_star_that_was_not_tested_is_not_published(star, state):
    star.publish(1)
    next_star = star.build(2, state)
    after = star.everything()
    with pytest.raises(PublicationError, match=f"in the state '{state}' of run 'run 2'"):
        publish(star.transformer, next_star)
    assert star.everything() == after


def test_a_star_that_dbt_begins_to_build_in_the_last_moment_is_not_published(star, monkeypatch):
    star.publish(1)
    next_star = star.build(2)

    def measure(*arguments: object) -> object:
        star.do("""comment on schema trusted_next is '{"state": "building"}'""")
        return real(*arguments)

    real = module.contents_of
    monkeypatch.setattr(module, "contents_of", measure)
    with pytest.raises(PublicationError, match="changed meanwhile"):
        publish(star.transformer, next_star)
    assert star.seen() == {1}


def test_a_connection_that_dies_in_the_swap_leaves_the_old_star(star, monkeypatch):
    star.publish(1)
    next_star = star.build(2)
    before = star.everything()
    with dies_in_the_swap(monkeypatch), pytest.raises(psycopg2.OperationalError):
        publish(star.transformer, next_star)
    assert star.everything() == before
    assert star.seen() == {1}
    assert publish(star.platform.connect("dbt_transformer"), next_star).version == 2
    assert star.seen() == {2}


# The log


def test_the_log_tells_what_was_published(star):
    star.publish(1)
    star.publish(2)
    rollback(star.transformer)
    rows = star.platform.query(
        "elt_loader",
        "select action, version, batch_id, invocation_id, as_of, row_counts, checksums from ops.publications"
        " order by publication_id",
    )
    assert [row[:5] for row in rows] == [
        ("publish", 1, "run 1", "dbt 1", date(2024, 9, 1)),
        ("publish", 2, "run 2", "dbt 2", date(2024, 9, 1)),
        ("rollback", 1, "run 1", "dbt 1", date(2024, 9, 1)),
    ]
    assert [row[5] for row in rows] == [dict.fromkeys(TABLES, ROWS)] * 3
    assert rows[0][6] == rows[2][6] != rows[1][6]


def test_a_checksum_is_of_the_rows_and_not_of_their_order(star):
    star.build(1)
    backwards = SQL(";").join(
        SQL(
            "create table trusted_next.{1} as select * from trusted_next.{0} order by id desc;"
            "update trusted_next.{1} set star = star where id = 3"
        ).format(Identifier(table), Identifier(f"{table}_backwards"))
        for table in TABLES[:2]
    )
    with star.transformer as connection, connection.cursor() as cursor:
        cursor.execute(backwards)
        cursor.execute("update trusted_next.dim_users set star = 7 where id = 3")
    publish(star.transformer, batch(1))
    ((sums,),) = star.platform.query("elt_loader", "select checksums from ops.publications")
    assert sums["bridge"] == sums["bridge_backwards"] == sums["fct_sessions"]
    assert sums["dim_users"] != sums["fct_sessions"]


@pytest.mark.parametrize(
    "statement", ["update ops.publications set version = 9", "truncate ops.publications"]
)
def test_the_log_is_only_added_to(star, statement):
    star.publish(1)
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        star.do(statement)


# Back


def test_rollback_gives_the_previous_star_and_a_second_one_takes_it_back(star):
    star.publish(1)
    star.publish(2)
    assert rollback(star.transformer).version == 1
    assert star.seen() == {1}
    assert rollback(star.transformer).version == 2
    assert star.seen() == {2}
    rollback(star.transformer)
    assert star.publish(3) == 3
    assert rollback(star.transformer).version == 1
    assert star.seen() == {1}


@pytest.mark.parametrize("published", [0, 1])
def test_rollback_without_a_previous_star_is_refused(star, published):
    for number in range(published):
        star.publish(number)
    before = star.everything()
    with pytest.raises(PublicationError, match="no previous version"):
        rollback(star.transformer)
    assert star.everything() == before


def test_rollback_is_refused_while_dbt_builds_and_allowed_when_it_was_killed(star):
    star.publish(1)
    star.publish(2)
    star.build(3, "building")
    dbt = star.platform.connect("dbt_transformer")
    with dbt, dbt.cursor() as cursor:
        cursor.execute("set application_name = 'dbt'")
    with pytest.raises(PublicationError, match="dbt is building"):
        rollback(star.transformer)
    assert star.seen() == {2}
    dbt.close()
    assert rollback(star.transformer).version == 1


def test_rollback_waits_for_readers_as_publishing_does(star, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    star.publish(1)
    star.publish(2)
    reader = star.platform.connect("bi_reader")
    with reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from trusted.dim_users")
        with pytest.raises(StarInUseError):
            rollback(star.transformer)
    assert star.seen() == {2}


# Installations from before there was publishing


def test_an_older_installation_is_upgraded_by_its_next_start(star):
    platform = star.platform
    name = platform.env["WAREHOUSE_DB"]
    star.build(0)
    for statement in (
        "drop schema trusted, trusted_previous",
        "alter schema trusted_next rename to trusted",
        "comment on schema trusted is null",
        f"revoke create on database {name} from dbt_transformer",
        "grant usage on schema trusted to bi_reader",
    ):
        platform.query("admin", statement)
    assert star.seen() == {0}
    postgres.create_databases(platform.env, int(platform.env["WAREHOUSE_PORT"]))
    assert star.seen() == {0}
    assert star.publish(1) == 1
    assert star.seen() == {1}
    back = rollback(star.transformer)
    assert (back.version, back.as_of) == (0, None)
    assert star.seen() == {0}
    assert star.publish(2) == 2
    with star.transformer as connection, connection.cursor() as cursor:
        assert [p.version for p in latest_publications(cursor, 9)] == [2, 0, 1]
