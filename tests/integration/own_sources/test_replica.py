"""A streaming replica as source: what it has not replayed is not passed over, and conflicts are retried."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from include.errors import DataQualityError, GuardError, InputError
from include.extract_load import load_table, postgres
from include.libpq import connect
from include.ops.load_runs import Load
from include.run import Run
from include.specs import Column, PostgresTable
from tests.integration.own_sources import replica
from tests.integration.own_sources.company import Company
from tests.integration.own_sources.replica import Replicated

ID = Column("id", "integer", required=True)
# Nothing is read again before the watermark.
SALES = PostgresTable(name="sales", key=("id",), columns=(ID,), watermark="at", overlap=timedelta(0))
SLOW = PostgresTable(name="slow", key=("id",), columns=(ID,), watermark=None, strategy="full_refresh")


@pytest.fixture(scope="module")
def servers_of_shop() -> Iterator[Replicated]:
    # Not below pytest's own folder, which is closed to others: run by root, PostgreSQL is somebody else.
    home = Path(tempfile.mkdtemp(prefix="streaming-replica-"))
    try:
        yield replica.start(home)
    finally:
        replica.stop(home)


@pytest.fixture
def shop(servers_of_shop: Replicated) -> Replicated:
    """The shop with two sales on both servers."""
    servers_of_shop.change(
        "drop table if exists sales cascade; create table sales (id integer primary key, what text,"
        " at timestamptz not null default now()); insert into sales values (1, 'a'), (2, 'b');"
        " create view slow as select id, what, pg_sleep(5)::text as slept from sales;"
        " grant select on sales, slow to elt_reader"
    )
    servers_of_shop.catch_up()
    return servers_of_shop


@pytest.fixture
def load(shop: Replicated, own_company: Company) -> Callable[[PostgresTable], Load]:
    """Return a function that loads a table of the replica as elt_reader."""
    own_company.declare(SALES, SLOW)

    def load(table: PostgresTable = SALES) -> Load:
        place = {"host": "127.0.0.1", "port": shop.replica_port, "dbname": replica.DATABASE}
        source = connect(**place, user="elt_reader", password=shop.env["SOURCE_READER_PASSWORD"])
        try:
            (found,) = load_table(source, own_company.loader, table, Run(own_company.batch()))
            return found
        finally:
            source.close()

    return load


def loaded(company: Company) -> dict[int, str]:
    rows = company.warehouse("select id, what from raw.postgres_sales where _deleted_at is null")
    return {row["id"]: row["what"] for row in rows}


def test_replica_is_loaded_and_followed(shop: Replicated, own_company: Company, load) -> None:
    load()
    assert loaded(own_company) == {1: "a", 2: "b"}
    shop.change("update sales set what = 'c', at = now() where id = 1; delete from sales where id = 2")
    shop.catch_up()
    load()
    assert loaded(own_company) == {1: "c"}


def test_watermark_does_not_pass_what_was_replayed(shop: Replicated, own_company: Company, load) -> None:
    load()
    shop.see("select pg_wal_replay_pause()")
    shop.wait_for("select pg_get_wal_replay_pause_state() = 'paused'")
    replayed = shop.see("select pg_last_xact_replay_timestamp()")
    shop.change("insert into sales values (3, 'late')")
    assert load().watermark <= replayed
    assert loaded(own_company) == {1: "a", 2: "b"}
    shop.see("select pg_wal_replay_resume()")
    shop.catch_up()
    load()
    assert loaded(own_company) == {1: "a", 2: "b", 3: "late"}


def test_replica_that_has_replayed_nothing_yet_holds_the_watermark_back(
    shop: Replicated, own_company: Company, load
) -> None:
    shop.restart_replica()
    assert shop.see("select pg_last_xact_replay_timestamp()") is None
    assert load().watermark < datetime(2000, 1, 1, tzinfo=UTC)
    shop.change("insert into sales values (3, 'late')")
    shop.catch_up()
    load()
    assert loaded(own_company) == {1: "a", 2: "b", 3: "late"}
    assert load(replace(SALES, overlap=timedelta(days=36500))).watermark > datetime(2000, 1, 1, tzinfo=UTC)


def assert_retried(error: BaseException) -> None:
    """Check that the error is one of those after which the DAG tries again."""
    assert isinstance(error, psycopg2.OperationalError)
    assert not isinstance(error, InputError | GuardError | DataQualityError)


def test_statement_that_recovery_cancels_is_retried_and_leaves_raw(
    shop: Replicated, own_company: Company, load, in_background, eventually
) -> None:
    load()
    before = own_company.warehouse("select * from raw.postgres_sales")
    loading = in_background(load, SLOW)
    sleeping = "select exists (select from pg_stat_activity where wait_event = 'PgSleep')"
    eventually(lambda: shop.see(sleeping))
    shop.change("alter table sales add column more text")
    assert_retried(loading.exception(20))
    assert own_company.warehouse("select * from raw.postgres_slow") == []
    shop.catch_up()
    load()
    assert [row["id"] for row in own_company.warehouse("select id from raw.postgres_sales")] == [1, 2]
    assert len(before) == 2


def test_connection_that_recovery_ends_is_retried_and_leaves_raw(
    shop: Replicated, own_company: Company, load, monkeypatch
) -> None:
    load()
    before = own_company.warehouse("select * from raw.postgres_sales")
    stage = postgres.stage

    def stage_after_a_change(*arguments: object) -> None:
        shop.change("alter table sales add column more text")
        shop.catch_up()
        stage(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(postgres, "stage", stage_after_a_change)
        with pytest.raises(psycopg2.Error) as raised:
            load()
    assert_retried(raised.value)
    assert own_company.warehouse("select * from raw.postgres_sales") == before
    load()
    assert loaded(own_company) == {1: "a", 2: "b"}
