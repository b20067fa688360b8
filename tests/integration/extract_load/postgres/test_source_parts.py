"""A source's figures by parts: equal to those of a whole scan, and hashed only where somebody wrote."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from include.extract_load import loading, postgres, source_parts
from include.extract_load.source_parts import Parts, keep_parts, known_parts, measure_source
from include.extract_load.source_rows import SourceRows
from include.ops.fingerprint import Fingerprint, Measured, fingerprint_of
from include.specs import Column, PostgresTable
from include.transaction import transaction
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS

COLUMNS = {"id": "bigint", "name": "text", "amount": "numeric", "at": "timestamp with time zone"}
THINGS = PostgresTable(
    name="things",
    key=("id",),
    columns=tuple(Column(name, type_) for name, type_ in COLUMNS.items()),
    strategy="full_refresh",
    watermark=None,
)
ROWS = SourceRows(THINGS, None, False, True)
MEASURED = Measured(("id",), ["amount"], COLUMNS)
CREATE = """
create table things (id bigint primary key, name text, amount numeric, at timestamptz);
insert into things select n, repeat('x', 400), n / 10.0, '2024-09-01' from generate_series(1, 1000) as n;
grant select on things to elt_reader
"""
CHANGES = [
    "update things set amount = amount + 1 where id % 97 = {n}",
    "update things set name = 'y' where id = {n}",
    "delete from things where id = {n}",
    "insert into things select 1000 + coalesce(max(id), 0), 'z', {n}, now() from things",
    "insert into things select -n, 'w', 1, null from generate_series(2001, 2200) as n on conflict do nothing",
    "update things set id = -id where id = {n}",
    "update things set amount = 'NaN' where id = {n}",
    "update things set amount = 1 where amount = 'NaN'",
    "vacuum things",
    "vacuum full things",
    "vacuum freeze things",
]


@pytest.fixture
def things(own_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """A source with a table of some sixty pages, in parts of one page each."""
    monkeypatch.setattr(source_parts, "PAGES", 1)
    for statement in CREATE.split(";"):
        own_pipeline.source(statement)
    return own_pipeline


def _measure(
    pipeline: Pipeline, known: Parts | None, rows: SourceRows = ROWS
) -> tuple[Fingerprint, Parts | None]:
    """Return what the parts say, having compared it with a scan of the whole."""
    with postgres.snapshot(pipeline.reader) as reader:
        figures, parts = measure_source(reader, rows, MEASURED, known)
        whole = fingerprint_of(reader, rows.good, MEASURED)
    assert {name: str(value + 0) for name, value in figures.items()} == {
        name: str(value + 0) for name, value in whole.items()
    }
    return figures, parts


def _hashed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, known: Parts | None) -> int:
    """Return how many parts are hashed, of a table whose parts are known."""
    hashed, hash_parts = [], source_parts._hash

    def count(reader, divided, measured):
        hashed.extend(divided)
        return hash_parts(reader, divided, measured)

    with monkeypatch.context() as patch:
        patch.setattr(source_parts, "_hash", count)
        _measure(pipeline, known)
    return len(hashed)


@pytest.mark.parametrize("seed", range(4))
def test_any_changes_are_measured_as_by_a_whole_scan(things: Pipeline, seed: int) -> None:
    chance = random.Random(seed)
    _, known = _measure(things, None)
    for _ in range(40):
        for _ in range(chance.randrange(3)):
            things.source(chance.choice(CHANGES).format(n=chance.randrange(97)))
        # Now and then a load fails, and the parts of an earlier one are still those that are known.
        found = _measure(things, known)[1]
        known = found if chance.random() < 0.7 else known


def test_only_what_was_written_is_hashed(things: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _hashed(things, monkeypatch, None) == len(_measure(things, None)[1].figures) > 50
    _, known = _measure(things, None)
    assert _hashed(things, monkeypatch, known) == 0
    things.source("update things set name = 'y' where id = 5")
    assert 1 <= _hashed(things, monkeypatch, known) <= 2
    things.source("delete from things where id = 500")
    assert 2 <= _hashed(things, monkeypatch, known) <= 3
    things.source("update things set amount = 0")
    assert _hashed(things, monkeypatch, known) == len(_measure(things, None)[1].figures)


def test_row_of_a_transaction_that_was_open_is_hashed(
    things: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The new row is in the part in which the old one was.
    monkeypatch.setattr(source_parts, "PAGES", 1000)
    with things.app.cursor() as late:
        late.execute("update things set amount = 0 where id = 5")
        # A later transaction that ends earlier.
        things.source("update things set amount = 0 where id = 900")
        before, known = _measure(things, None)
    things.app.commit()
    assert _measure(things, known)[0] != before


def test_column_that_took_the_name_of_another_is_hashed(things: Pipeline) -> None:
    _, known = _measure(things, None)
    things.source("alter table things drop column name")
    # Which writes no row.
    things.source("alter table things add column name text default 'of all'")
    _measure(things, known)


def test_table_that_took_the_name_of_another_is_hashed(things: Pipeline) -> None:
    things.source("create table other (like things including all)")
    things.source("insert into other select id, name, -amount, at from things")
    things.source("grant select on other to elt_reader")
    _, known = _measure(things, None)
    things.source("alter table things rename to former")
    things.source("alter table other rename to things")
    _measure(things, known)


@pytest.mark.parametrize(
    "change", [{"identity": "of another server"}, {"oldest_open": 1 << 40}, {"pages": 2}]
)
def test_parts_of_another_server_or_size_do_not_count(
    things: Pipeline, monkeypatch: pytest.MonkeyPatch, change: dict
) -> None:
    _, known = _measure(things, None)
    assert _hashed(things, monkeypatch, replace(known, **change)) == len(known.figures)


def test_rows_in_a_new_file_are_hashed(things: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    things.source("delete from things where id <= 500")
    _, known = _measure(things, None)
    things.source("vacuum full things")
    assert _hashed(things, monkeypatch, known) == len(_measure(things, None)[1].figures) < len(known.figures)


def test_parts_of_a_server_that_crashed_do_not_count(
    things: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, known = _measure(things, None)
    # As it does when it comes back from a crash.
    things.admin.cursor().execute("select pg_stat_reset_shared('bgwriter')")
    assert _hashed(things, monkeypatch, known) == len(known.figures)


@pytest.mark.parametrize(
    "statements",
    [
        ["create type mood as enum ('x', 'y')", "alter table things alter name type mood using 'x'::mood"],
        [
            "alter table things drop name",
            "alter table things add name text generated always as (id || '') virtual",
        ],
        ["create table child () inherits (things)"],
        ["alter table things enable row level security", "create policy all_of_them on things using (true)"],
        [
            "revoke select on things from elt_reader",
            "grant select (id, name, amount, at) on things to elt_reader",
        ],
        [
            "alter table things rename to base",
            "create view things as select * from base",
            "grant select on things to elt_reader",
        ],
    ],
)
def test_table_whose_rows_may_change_otherwise_is_hashed_whole(
    things: Pipeline, statements: list[str]
) -> None:
    for statement in statements:
        things.source(statement)
    assert _measure(things, None)[1] is None


def test_large_table_is_measured_in_larger_parts(things: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_parts, "MOST_PARTS", 16)
    _, parts = _measure(things, None)
    assert (parts.pages, 8 < len(parts.figures) <= 16) == (4, True)


def test_parts_are_kept_as_they_are(things: Pipeline) -> None:
    things.source("update things set amount = 'Infinity' where id = 1")
    _, parts = _measure(things, None)
    with transaction(things.loader) as cursor:
        assert known_parts(cursor, "postgres_things") is None
        for _ in range(2):
            keep_parts(cursor, "postgres_things", parts)
        assert known_parts(cursor, "postgres_things") == parts
        keep_parts(cursor, "postgres_things", None)
        assert known_parts(cursor, "postgres_things") is None


def test_loads_keep_and_use_parts(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    given, measure = [], loading.measure_source

    def note(reader, rows, measured, known):
        given.append(known)
        return measure(reader, rows, measured, known)

    monkeypatch.setattr(loading, "measure_source", note)
    pipeline.seed_users("U1,20,Peru,Basic,2022-10-02,1.5")
    for _ in range(2):
        pipeline.extract(USERS)
    # Whoever deletes it wants everything read again.
    pipeline.warehouse("delete from ops.watermarks")
    pipeline.extract(USERS)
    assert [known is not None for known in given] == [False, True, False]
