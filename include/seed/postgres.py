"""Merge a CSV file into its table of the PostgreSQL source, as the product would have written it.

A file of plain rows goes the short way of typed_copy.py. Else, or when the server refuses one of its rows:

Data flow: file -> CsvStream -> COPY into the temporary table `stage` of text -> `problems` (line, problem)
and `checked` (typed rows) -> merge. New rows are inserted, changed rows updated, rows that the file lacks
deleted; others are not written. A row that breaks a rule is rejected, and the stored row with its key stays.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.errors import InputError
from include.ops.load_runs import Load
from include.rules.csv_values import first_problem, typed_value
from include.rules.reasons import REPEATED_KEY, sentence
from include.rules.rejected import Rejected
from include.schema.played import require_played_table
from include.seed.csv_stream import CsvStream
from include.seed.encodings import find_lacking
from include.seed.merging import merge_checked
from include.seed.typed_copy import merge_plain
from include.specs import PostgresTable

PROBLEMS = """
create temporary table problems on commit drop as
select line, problem
from (select line, {problem} as problem from stage) as judged
where problem is not null
"""
CHECKED = """
create temporary table checked on commit drop as
select line, {values} from stage
where not exists (select 1 from problems where problems.line = stage.line)
"""
# The first row of a key is loaded. Few keys are repeated, so only their rows are sorted.
REJECT_REPEATED_KEYS = """
with repeated as (select {key} from checked group by {key} having count(*) > 1),
ranked as (
    select line, {key}, first_value(line) over (partition by {key} order by line) as first_line
    from checked
    where {key} in (select {key} from repeated)
),
removed as (
    delete from checked using ranked
    where checked.line = ranked.line and ranked.line != ranked.first_line
    returning ranked.*
)
insert into problems
select line, array[{name}, {key}, format({reason}, first_line), {rule}] from removed
"""
# `stage` has the rejected rows too: a rejected row is not a deleted one.
DELETE_MISSING = """
delete from public.{table} as target
where not exists (select 1 from stage where stage.{key} = target.{key})
    and target.{key} != all (%s)
"""


def merge_file(
    source: Connection, table: PostgresTable, path: Path, load: Load, *, is_whole: bool = True
) -> list[Rejected]:
    """Merge the file into the table, in the caller's transaction; return the rows that were rejected.

    Counts into `load`. Rows that the file lacks are deleted, unless `is_whole` is false. Raises InputError,
    before anything is changed, for a file that cannot be read as a CSV of this table, and its subclass
    ForeignTableError for a table that is not the platform's. When no row is loadable the table stays
    unchanged.
    """
    with (
        CsvStream(path, [column.name for column in table.file_columns], table.file_key) as rows,
        source.cursor() as cursor,
    ):
        require_played_table(cursor, table)
        if is_whole and merge_plain(cursor, table, rows, load):
            return []
        rows.lacking = find_lacking(cursor, path)
        _copy(cursor, rows)
        found = sorted([*rows.rejected, *_check(cursor, table, path)], key=lambda row: int(row.position))
        rejected = [replace(row, header=rows.header) for row in found]
        load.read, load.quarantined = rows.rows_read, len(rejected)
        load.notes += rows.notes
        if load.read > load.quarantined:
            cursor.execute("analyze checked")
            load.inserted, load.updated = merge_checked(cursor, table)
            load.unchanged = load.read - load.quarantined - load.inserted - load.updated
            if is_whole:
                load.deleted = _delete_missing(cursor, table, rows.rejected_keys)
        return rejected


class _CopyInput:
    """The rows as COPY reads them. psycopg2 drops an error of the stream, so it is kept here."""

    def __init__(self, rows: CsvStream) -> None:
        self._rows = rows
        self.error: InputError | None = None

    def read(self, size: int) -> bytes:
        try:
            return self._rows.read(size)
        except InputError as error:
            self.error = error
            raise


def _copy(cursor: Cursor, rows: CsvStream) -> None:
    """Copy the rows into the temporary table `stage`, one text column for each column of the table."""
    columns = SQL(", ").join(map(Identifier, rows.stage_columns))
    definitions = SQL(", ").join(SQL("{} text").format(Identifier(name)) for name in rows.stage_columns)
    cursor.execute("drop table if exists pg_temp.stage, pg_temp.problems, pg_temp.checked")
    cursor.execute(SQL("create temporary table stage (line bigint, {}) on commit drop").format(definitions))
    copy = SQL("copy stage (line, {}) from stdin with (format csv)").format(columns)
    stream = _CopyInput(rows)
    try:
        cursor.copy_expert(copy, stream, size=1 << 18)
    except psycopg2.Error:
        if stream.error:
            raise stream.error from None
        raise
    cursor.execute("analyze stage")


def _check(cursor: Cursor, table: PostgresTable, path: Path) -> list[Rejected]:
    """Split `stage` into `problems` and `checked`; return the rows with problems."""
    cursor.execute(SQL(PROBLEMS).format(problem=first_problem(table.file_columns)))
    cursor.execute(SQL(CHECKED).format(values=_typed_values(table)))
    reject_repeated_keys = SQL(REJECT_REPEATED_KEYS).format(
        key=Identifier(table.file_key),
        name=Literal(table.file_key),
        reason=Literal(sentence(REPEATED_KEY, "line %s")),
        rule=Literal(REPEATED_KEY),
    )
    cursor.execute(reject_repeated_keys)
    cursor.execute("select line, problem from problems")
    return list(with_rows(dict(cursor.fetchall()), path))


def _typed_values(table: PostgresTable) -> Composed:
    return SQL(", ").join(
        SQL("{} as {}").format(typed_value(column), Identifier(column.name)) for column in table.file_columns
    )


def with_rows(problems: dict[int, list], path: Path) -> Iterator[Rejected]:
    """Yield the rejected row of each line in `problems`; its text is read from the file once more."""
    if not problems:
        return
    last = max(problems)
    with path.open(encoding="utf-8", newline="\n") as file:
        lines = enumerate(file, 1)
        for number, line in lines:
            if number in problems:
                yield Rejected(str(number), *problems[number], row=_whole_record(line, lines))
            if number >= last:
                return


def _whole_record(line: str, lines: Iterator[tuple[int, str]]) -> str:
    """Return the record that starts with the line: lines are appended while a quoted field is open."""
    texts: list[str] = []

    def read() -> Iterator[str]:
        for text in chain([line], (text for _, text in lines)):
            texts.append(text)
            yield text

    next(csv.reader(read()))
    return "".join(texts).rstrip("\r\n")


def _delete_missing(cursor: Cursor, table: PostgresTable, rejected_keys: list[str]) -> int:
    """Delete the rows whose key is neither in `stage` nor in `rejected_keys`; return how many."""
    query = SQL(DELETE_MISSING).format(table=Identifier(table.name), key=Identifier(table.file_key))
    cursor.execute(query, (rejected_keys,))
    return cursor.rowcount
