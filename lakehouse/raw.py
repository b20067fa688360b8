"""Read raw: rows that loads wrote after a moment, as Arrow, and those that the lake cannot hold.

Data flow: COPY as CSV -> a temporary file -> Arrow's CSV reader -> batches. The file comes first, so that a
connection that breaks does not look like the end of the rows.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, NamedTuple

import pyarrow as pa
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal
from pyarrow import csv

from include.rules.rejected import Rejected
from include.rules.typed_values import first_problem
from lakehouse.rules import NOT_HELD, NOT_HELD_SENTENCE
from lakehouse.shapes import DECIMAL, DIGITS, SCALE, Shape

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Stamps of one table grow from load to load. The conditions have the form of raw's BRIN index.
STAMP = "(source._loaded_at at time zone 'UTC')"
NEWEST = f"select max(source._loaded_at) from raw.{{table}} as source where {STAMP} > {{after}}"
ROWS = """
copy (select {columns} from raw.{table} as source where {changed} and {problem} is null)
to stdout (format csv)
"""
BAD_ROWS = """
select concat_ws(', ', {key}), {problem}, row_to_json(source)::text
from raw.{table} as source where {changed} and {problem} is not null
"""
# Of a numeric {column}, which may be NaN or infinite; those are larger than every number.
NO_DECIMAL = "abs({column}) >= 10::numeric ^ {digits} or scale(trim_scale({column})) > {scale}"
NO_DATE = "{column} < '0001-01-01' or {column} >= '10000-01-01'"


class Window(NamedTuple):
    """The rows that loads wrote after a stamp, and up to another one."""

    after: datetime
    upto: datetime


def micros(stamp: datetime) -> int:
    """Return the stamp as microseconds since 1970, exactly."""
    return (stamp - EPOCH) // timedelta(microseconds=1)


def from_micros(number: int | None) -> datetime:
    """Return the stamp of so many microseconds; before everything for None."""
    return EPOCH + timedelta(microseconds=number or 0)


def newest_load(cursor: Cursor, shape: Shape, after: datetime) -> datetime | None:
    """Return the stamp of the table's newest load after the moment; None when there was none."""
    cursor.execute(SQL(NEWEST).format(table=Identifier(shape.name), after=_moment(after)))
    return cursor.fetchone()[0]


def bad_rows(cursor: Cursor, shape: Shape, window: Window) -> list[Rejected]:
    """Return the rows of the window that break a declared rule, or that the lake cannot hold."""
    key = SQL(", ").join(_of_source(name) for name in shape.table.raw_key)
    cursor.execute(SQL(BAD_ROWS).format(key=key, **_parts(shape, window)))
    return [Rejected(position, *problem, row=row) for position, problem, row in cursor.fetchall()]


def changed_rows(cursor: Cursor, shape: Shape, window: Window) -> Iterator[pa.RecordBatch]:
    """Yield the good rows of the window."""
    columns = SQL(", ").join(map(_of_source, shape.types))
    with tempfile.TemporaryFile() as file:
        cursor.copy_expert(SQL(ROWS).format(columns=columns, **_parts(shape, window)), file)
        if file.tell():
            file.seek(0)
            yield from _batches(file, shape.schema)


def _batches(file: BinaryIO, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    return csv.open_csv(
        file,
        read_options=csv.ReadOptions(column_names=schema.names, block_size=16 << 20),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        # Nothing is null, and '' is a text: COPY writes quotes around the latter.
        convert_options=csv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def _parts(shape: Shape, window: Window) -> dict[str, Composable]:
    """Return what all queries of a window are made of."""
    changed = SQL(f"{STAMP} > {{}} and {STAMP} <= {{}}").format(*map(_moment, window))
    return {"table": Identifier(shape.name), "changed": changed, "problem": _problem(shape)}


def _problem(shape: Shape) -> Composed:
    """Return an expression: null for a good row, else an array {column, value, reason, rule}."""
    declared = [column for column in shape.table.raw_columns if column.name in shape.types]
    rules = first_problem(declared, shape.table.raw_key)
    branches = [
        SQL("when {} then array[{}, {}::text, {}, {}]").format(
            condition, Literal(name), _of_source(name), Literal(NOT_HELD_SENTENCE), Literal(NOT_HELD)
        )
        for name in shape.types
        if (condition := _not_held(shape, name))
    ]
    held = SQL("case {} end").format(SQL(" ").join(branches))
    return SQL("coalesce({}, {})").format(held, rules) if rules else held


def _not_held(shape: Shape, name: str) -> Composed | None:
    """Return the condition that the lake cannot hold a value; None for a type that it holds whole."""
    type_, column = shape.types[name], _of_source(name)
    if type_ == DECIMAL:
        return SQL(NO_DECIMAL).format(column=column, digits=Literal(DIGITS - SCALE), scale=Literal(SCALE))
    return SQL(NO_DATE).format(column=column) if type_.startswith(("date", "timestamp")) else None


def _of_source(name: str) -> Composed:
    return SQL("source.{}").format(Identifier(name))


def _moment(stamp: datetime) -> Literal:
    """Return the stamp as a literal of UTC without a zone."""
    return Literal(stamp.astimezone(UTC).replace(tzinfo=None))
