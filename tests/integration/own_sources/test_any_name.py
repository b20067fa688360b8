"""A source's column may have any name: each word of our own statements, and of PostgreSQL's grammar.

The names are taken from the statements themselves, so that a helper of tomorrow is tried too.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import cycle

import pytest

from include.errors import DataQualityError
from include.specs import TAKEN_NAMES, Column, PostgresTable
from tests.integration.own_sources.company import Company
from tests.integration.own_sources.our_words import AWKWARD, keywords, our_words, pairs_of_our_names
from tests.integration.own_sources.random_tables import quoted

# So many tables, each with so many columns at most.
TABLES, MOST_COLUMNS, KEYS = 4, 400, 48
# Type -> its value in the row of a number.
VALUES = {
    "text": "'text {}'",
    "bigint": "{}",
    "numeric": "{}.50",
    "timestamptz": "'2024-01-0{} 12:00+00'",
    "boolean": "{} > 1",
    "text[]": "array['{}']",
    "jsonb": """'{{"a": {}}}'""",
    "date": "'2024-02-0{}'",
}
COUNTED = ("read", "inserted", "updated", "deleted", "quarantined")


@pytest.fixture(scope="module")
def words(company: Company) -> list[str]:
    """The names, shuffled by their order: those beside each other have nothing to do with each other."""
    company.change("create schema words; grant usage on schema words to elt_reader")
    found = sorted({*our_words(), *keywords(company.owner)})
    assert {"target", "stage", "changed", "problem", "excluded", "row", "source", "user"} <= {*found}
    return found


@pytest.mark.parametrize("part", range(TABLES))
@pytest.mark.parametrize("kind", ["keyed", "hashed", "undeclared"])
def test_columns_of_any_name_are_loaded(company: Company, words: list[str], part: int, kind: str) -> None:
    columns = dict(zip(words[part::TABLES], cycle(VALUES), strict=False))
    assert 50 < len(columns) <= MOST_COLUMNS
    first = next(name for name, type_ in columns.items() if type_ == "bigint")
    stamp = next(name for name, type_ in columns.items() if type_ == "timestamptz")
    table = declared(f"{kind}_{part}", columns, key=(first,), stamp=stamp)
    if kind == "hashed":
        table = replace(table, key=(), strategy="full_refresh")
    if kind == "undeclared":
        table = replace(table, columns=tuple(column for column in table.columns if column.name == first))
    follow(company, table, columns, first)


@pytest.mark.parametrize("part", range(KEYS))
def test_keys_of_any_names_are_loaded(company: Company, words: list[str], part: int) -> None:
    names = words[part::KEYS]
    assert 1 < len(names) < 32
    columns = dict.fromkeys(names, "bigint") | {"a stamp": "timestamptz", "a number": "numeric"}
    table = declared(f"key_{part}", columns, key=tuple(names), stamp="a stamp")
    follow(company, table, columns, names[0])


@pytest.mark.parametrize(("key", "stamp"), pairs_of_our_names())
def test_key_and_stamp_have_names_of_ours(company: Company, words: list[str], key: str, stamp: str) -> None:
    columns = {key: "bigint", stamp: "timestamptz", "amount": "numeric"}
    follow(company, declared(f"one_{key}", columns, key=(key,), stamp=stamp), columns, key)


@pytest.mark.parametrize("stamp", AWKWARD)
def test_stamp_has_a_name_that_a_driver_reads(company: Company, words: list[str], stamp: str) -> None:
    columns = {"id": "bigint", stamp: "timestamptz", "amount": "numeric"}
    follow(
        company, declared(f"awkward_{AWKWARD.index(stamp)}", columns, key=("id",), stamp=stamp), columns, "id"
    )


def test_names_that_every_table_has_are_left_out_and_reported(company: Company, words: list[str]) -> None:
    taken = sorted(TAKEN_NAMES)
    shown = ", ".join(f"1 as {quoted(name)}" for name in taken)
    company.change(f"create view words.taken as select 1::bigint as id, 2 as rest, {shown}")
    company.change("grant select on words.taken to elt_reader")
    table = PostgresTable(name="taken", schema="words", key=("id",), columns=(Column("id", "bigint"),))
    table = replace(table, watermark=None, strategy="full_refresh")
    company.declare(table)
    assert company.load(table) == {"read": 1, "inserted": 1}
    assert company.warehouse("select id, rest from raw.postgres_taken") == [{"id": 1, "rest": 2}]
    left_out = company.warehouse(
        "select column_name from ops.schema_changes where table_name = %s and action = 'left out'",
        table.raw,
    )
    assert sorted(row["column_name"] for row in left_out) == taken


def declared(name: str, columns: Mapping[str, str], *, key: tuple[str, ...], stamp: str) -> PostgresTable:
    """Return the declaration: what is a number but for the key has a minimum."""
    found = tuple(
        Column(
            column,
            type_,
            required=column in key,
            minimum=0 if type_ in ("bigint", "numeric") and column not in key else None,
        )
        for column, type_ in columns.items()
        if column != stamp
    )
    return PostgresTable(
        name=name, schema="words", key=key, columns=found, watermark=stamp, strategy="incremental"
    )


def follow(company: Company, table: PostgresTable, columns: Mapping[str, str], first: str) -> None:
    """Load and change the table; after each load compare all its values with raw."""
    relation = f"words.{quoted(table.table)}"
    stamp = table.watermark
    typed = ", ".join(f"{quoted(name)} {type_}" for name, type_ in columns.items())
    company.change(f"create table {relation} ({typed}); grant select on {relation} to elt_reader")
    if table.key:
        company.change(f"alter table {relation} add primary key ({', '.join(map(quoted, table.key))})")
    for number in (1, 2, 3):
        insert(company, table, columns, number)
    company.declare(table)
    good = " and ".join(f"{quoted(c.name)} >= 0" for c in table.columns if c.minimum is not None) or "true"

    def assert_loaded(**counts: int) -> None:
        load = company.load_whole(table)
        assert {
            name: found for name in COUNTED if (found := getattr(load, name)) and name != "read"
        } == counts
        company.assert_equal(table, good)
        company.reconcile(table)

    def change(number: int, to: int) -> None:
        values = ", ".join(
            f"{quoted(name)} = {VALUES[type_].format(to)}"
            for name, type_ in columns.items()
            if name != stamp and name not in (table.key or [first])
        )
        company.change(
            f"update {relation} set {values}, {quoted(stamp)} = now() where {quoted(first)} = {number}"
        )

    assert_loaded(inserted=3)
    change(1, to=7)
    insert(company, table, columns, 4)
    company.change(f"delete from {relation} where {quoted(first)} = 2")
    is_hashed = not table.key
    assert_loaded(inserted=1 + is_hashed, deleted=1 + is_hashed, **({} if is_hashed else {"updated": 1}))
    insert(company, table, columns, 2)
    assert_loaded(updated=1)
    assert_found_in_raw(company, table)
    ruled = [column for column in table.columns if column.minimum is not None]
    if ruled:
        insert(company, table, columns, 5)
        broken = quoted(ruled[-1].name)
        company.change(f"update {relation} set {broken} = -1 where {quoted(first)} = 5")
        assert_loaded(quarantined=1)
        (row,) = company.warehouse(
            "select column_name, row_text::json from quarantine.rejected_rows where source_name = %s",
            table.raw,
        )
        assert row["column_name"] == ruled[-1].name
        assert row["row_text"][ruled[-1].name] == -1
        assert row["row_text"].keys() == columns.keys()


def assert_found_in_raw(company: Company, table: PostgresTable) -> None:
    """Change a number in raw: the comparison names it; put it back."""
    ruled = [column for column in table.columns if column.minimum is not None]
    if ruled:
        raw, number = f"raw.{quoted(table.raw)}", quoted(ruled[-1].name)
        company.warehouse(f"update {raw} set {number} = {number} + 90")
        with pytest.raises(DataQualityError, match="in raw"):
            company.reconcile(table)
        company.warehouse(f"update {raw} set {number} = {number} - 90")


def insert(company: Company, table: PostgresTable, columns: Mapping[str, str], number: int) -> None:
    values = [
        "now()" if name == table.watermark else VALUES[type_].format(number)
        for name, type_ in columns.items()
    ]
    names = ", ".join(map(quoted, columns))
    company.change(f"insert into words.{quoted(table.table)} ({names}) values ({', '.join(values)})")
