"""The hash of a row: equal for what PostgreSQL calls equal, different for all else, alike on every server."""

from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.sql import SQL, Composed, Identifier, Literal

from include import libpq
from include.libpq import WORDS
from include.ops.fingerprint import Measured, fingerprint_of
from include.ops.row_hash import hashable, row_hash
from tests.conftest import Platform

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
DAYS = st.sampled_from(["2024-02-29", "0001-01-01", "4713-01-01 BC", "9999-12-31", "infinity", "-infinity"])
MOMENTS = st.sampled_from(
    ["2024-02-29 12:00+02", "2024-02-29 10:00+00", "infinity", "-infinity", "0001-01-01"]
)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-100, max_value=100).map(
    str
)
VALUES = {
    "text": TEXTS,
    "smallint": st.integers(-(2**15), 2**15 - 1).map(str),
    "integer": st.integers(-(2**31), 2**31 - 1).map(str),
    "bigint": st.integers(-(2**63), 2**63 - 1).map(str),
    "numeric": st.one_of(DECIMALS, st.sampled_from(["1.5", "1.50", "NaN", "Infinity", "-Infinity", "0"])),
    "real": st.sampled_from(["0", "-0", "1.5", "NaN", "Infinity"]),
    "double precision": st.one_of(st.floats().map(str), st.sampled_from(["0", "-0"])),
    "date": st.one_of(DAYS, st.dates().map(str)),
    "timestamp with time zone": st.one_of(MOMENTS, st.datetimes().map(str)),
    "timestamp without time zone": st.datetimes().map(str),
    "boolean": st.sampled_from(["true", "false"]),
    "uuid": st.uuids().map(str),
    "jsonb": st.sampled_from(
        ['{"a": 1, "b": [1.0]}', '{"b":[1],"a":1.00}', '{"a": true}', '"1"', "1", "null"]
    ),
    "bytea": st.binary(max_size=4).map(lambda value: f"\\x{value.hex()}"),
    "text[]": st.sampled_from(["{a,b}", '{"a,b"}', "{NULL}", '{"NULL"}', "{}"]),
    "numeric[]": st.sampled_from(["{1.5,2}", "{1.50,2.0}", "{2,1.5}"]),
    "time without time zone": st.times().map(str),
}
TYPES = dict(enumerate(VALUES))
COLUMNS = {f"c{number}": type_ for number, type_ in enumerate(VALUES)}
ROWS = st.tuples(*(st.one_of(st.none(), values) for values in VALUES.values()))


@pytest.fixture
def warehouse(platform: Platform):
    with platform.connect("elt_loader") as connection:
        connection.cursor().execute(WORDS.replace("set local", "set"))
        yield connection


def _row(values: Sequence[str | None]) -> Composed:
    typed = zip(values, COLUMNS.items(), strict=True)
    return SQL("(select {}) as one").format(
        SQL(", ").join(
            SQL("{}::{} as {}").format(Literal(value), SQL(type_), Identifier(name))
            for value, (name, type_) in typed
        )
    )


def _hash(values: Sequence[str | None]) -> Composed:
    return SQL("(select {} from {})").format(row_hash(COLUMNS), _row(values))


def _record(values: Sequence[str | None]) -> Composed:
    return SQL("select one from {}").format(_row(values))


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_rows_have_equal_hashes_exactly_where_they_are_equal(warehouse, data):
    one = data.draw(ROWS)
    # A row that differs in one value, or in none.
    place = data.draw(st.integers(0, len(one) - 1))
    other = list(one)
    other[place] = data.draw(st.one_of(st.none(), VALUES[TYPES[place]]))
    query = "select {hash} = {other_hash}, ({row}) is not distinct from ({other_row})"
    with warehouse.cursor() as cursor:
        cursor.execute(
            SQL(query).format(
                hash=_hash(one), other_hash=_hash(other), row=_record(one), other_row=_record(other)
            )
        )
        are_hashes_equal, are_equal = cursor.fetchone()
    assert are_hashes_equal == are_equal


# Of each type values that are all different, and after them one that is equal to the first.
SHAPES = {
    "jsonb": ["[[1],2]", "[[1,2]]", "[1,2]", "[[[1,2]]]", "[1,2,[],[]]", "[1,2,{}]", "[[1.0], 2.00]"],
    "jsonb[]": ['{"[1]"}', '{"[[[1]]]"}', '{"[1.0]"}'],
    "numeric[]": [
        "{1,2}",
        "[2:3]={1,2}",
        "[3:4]={1,2}",
        "{{1,2}}",
        "{{1},{2}}",
        "{NaN,2}",
        "{Infinity,2}",
        "{-Infinity,2}",
        "{1.0,2}",
    ],
    "double precision[]": ["{0}", "{NaN}", "{Infinity}", "{-Infinity}", "{}", "{NULL}", "[0:0]={0}", "{-0}"],
}


@pytest.mark.parametrize("type_", SHAPES)
def test_shape_of_a_value_is_hashed(warehouse, type_):
    hashes = []
    with warehouse.cursor() as cursor:
        for value in SHAPES[type_]:
            row = SQL("(select {}::{} as v) as one").format(Literal(value), SQL(type_))
            cursor.execute(SQL("select {} from {}").format(row_hash({"v": type_}), row))
            hashes += cursor.fetchone()
    assert len({*hashes}) == len(hashes) - 1
    assert hashes[0] == hashes[-1]


def _sum(cursor, rows: str, columns: dict[str, str]) -> int:
    measured = Measured(("k",), (), columns)
    return fingerprint_of(cursor, SQL(rows), measured)["row_hash"]


@pytest.mark.parametrize(
    "other",
    [
        "(1, 'b', 'a'), (2, 'c', 'd')",
        "(2, 'a', 'b'), (1, 'c', 'd')",
        "(1, 'c', 'b'), (2, 'a', 'd')",
        "(1, 'a', 'b'), (2, 'c', 'd'), (2, 'c', 'd')",
        "(1, 'ab', ''), (2, 'c', 'd')",
        "(1, null, 'b'), (2, 'c', 'd')",
    ],
)
def test_value_in_another_place_changes_the_sum(warehouse, other):
    columns = {"k": "integer", "x": "text", "y": "text"}
    with warehouse.cursor() as cursor:
        rows = "(values (1, 'a', 'b'), (2, 'c', 'd')) as t (k, x, y)"
        assert _sum(cursor, rows, columns) != _sum(cursor, f"(values {other}) as t (k, x, y)", columns)
        turned = "(values ('d', 2, 'c'), ('b', 1, 'a')) as t (y, k, x)"
        assert _sum(cursor, rows, columns) == _sum(cursor, turned, columns)


def test_as_many_columns_as_a_table_may_have_are_hashed(warehouse):
    columns = {f"column {number}": "text" for number in range(1_599)} | {"k": "integer"}
    with warehouse.cursor() as cursor:
        definitions = SQL(", ").join(
            SQL("{} {}").format(Identifier(name), SQL(type_)) for name, type_ in columns.items()
        )
        cursor.execute(SQL("create temporary table wide ({}) on commit drop").format(definitions))
        cursor.execute("insert into wide (k) values (1)")
        empty = _sum(cursor, "wide", columns)
        cursor.execute("update wide set \"column 1598\" = ''")
        assert _sum(cursor, "wide", columns) != empty
    warehouse.rollback()


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "EUC_JP", "SQL_ASCII"])
def test_hash_is_of_texts_in_utf8_whatever_the_server_has(platform, warehouse, encoding):
    text = "日本" if encoding == "EUC_JP" else "Curaçao"
    rows = f"(values (1, '{text}', array['{text}', 'b'], null, '[1]'::jsonb)) as t (k, x, a, n, j)"
    columns = {"k": "integer", "x": "text", "a": "text[]", "n": "text", "j": "jsonb"}
    assert hashable(columns, is_utf8=True) == columns
    alike = hashable(columns, is_utf8=False)
    assert alike.keys() == {"k", "x", "a", "n"}
    admin = platform.connect("admin")
    admin.autocommit = True
    name = f"encoded_{encoding.lower()}"
    try:
        admin.cursor().execute(
            f"create database {name} encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'"
        )
        other = libpq.connect(**{**admin.get_dsn_parameters(), **_login(platform), "dbname": name})
        with closing(other), other.cursor() as there, warehouse.cursor() as here:
            assert _sum(there, rows, alike) == _sum(here, rows, alike)
            assert _sum(there, rows.replace(text, "Peru"), alike) != _sum(here, rows, alike)
    finally:
        admin.cursor().execute(f"drop database if exists {name}")


def _login(platform: Platform) -> dict[str, str]:
    return {"password": platform.env["POSTGRES_PASSWORD"]}
