"""Bring a CSV file into its table of the PostgreSQL source, as the product would have written it.

Data flow: file -> CsvStream -> COPY into a temporary table of text -> checks -> one merge. New rows come,
changed rows change, rows missing from the file are deleted, unchanged rows stay untouched. A row that cannot
be loaded is set aside, and what the table held under its key stays.
"""

from collections.abc import Iterator
from dataclasses import replace
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
from include.seed.csv_stream import CsvStream
from include.tables import PostgresTable


def merge_file(
    source: Connection, table: PostgresTable, path: Path, load: Load, *, is_whole: bool = True
) -> list[Rejected]:
    """Merge the file into the table, in the caller's transaction; return the rows that were rejected.

    Counts into `load`. What a file lacks is deleted, but for one that is not `is_whole`. Raises InputError,
    before anything is changed, for a file that cannot be read as such a CSV. Where not one row is loadable
    the table stays as it is.
    """
    with (
        CsvStream(path, [column.name for column in table.columns], table.key) as rows,
        source.cursor() as cursor,
    ):
        _copy(cursor, rows)
        found = sorted([*rows.rejected, *_check(cursor, table, path)], key=lambda row: int(row.position))
        rejected = [replace(row, header=rows.header) for row in found]
        load.read, load.quarantined = rows.rows_read, len(rejected)
        if rows.extra_columns:
            load.notes.append(f"{path.name} has columns that are not loaded: {', '.join(rows.extra_columns)}")
        if load.read > load.quarantined:
            load.inserted, load.updated = _merge(cursor, table)
            if is_whole:
                load.deleted = _delete_missing(cursor, table, rows.rejected_keys)
        return rejected


class _Stream:
    """The rows as COPY reads them. psycopg2 drops what a stream raises, so the error is kept here."""

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
    columns = SQL(", ").join(map(Identifier, rows.stage_columns))
    definitions = SQL(", ").join(SQL("{} text").format(Identifier(name)) for name in rows.stage_columns)
    cursor.execute("drop table if exists pg_temp.stage, pg_temp.problems, pg_temp.checked")
    cursor.execute(SQL("create temporary table stage (line bigint, {}) on commit drop").format(definitions))
    copy = SQL("copy stage (line, {}) from stdin with (format csv)").format(columns)
    stream = _Stream(rows)
    try:
        cursor.copy_expert(copy, stream, size=1 << 18)
    except psycopg2.Error:
        if stream.error:
            raise stream.error from None
        raise
    cursor.execute("analyze stage")


def _check(cursor: Cursor, table: PostgresTable, path: Path) -> list[Rejected]:
    cursor.execute(
        SQL(
            "create temporary table problems on commit drop as"
            " select line, problem from (select line, {problem} as problem from stage) as judged"
            " where problem is not null"
        ).format(problem=first_problem(table.columns))
    )
    cursor.execute(
        SQL(
            "create temporary table checked on commit drop as select line, {values} from stage"
            " where not exists (select 1 from problems where problems.line = stage.line)"
        ).format(values=_typed_values(table))
    )
    cursor.execute(_set_repeated_keys_aside(table))
    cursor.execute("select line, problem from problems order by line")
    return list(_with_rows(cursor, path))


def _typed_values(table: PostgresTable) -> Composed:
    return SQL(", ").join(
        SQL("{} as {}").format(typed_value(column), Identifier(column.name)) for column in table.columns
    )


def _set_repeated_keys_aside(table: PostgresTable) -> Composed:
    # The first row of a key is loaded. Few keys repeat, so only those are sorted.
    return SQL(
        "with repeated as (select {key} from checked group by {key} having count(*) > 1),"
        " ranked as ("
        "   select line, {key}, first_value(line) over (partition by {key} order by line) as first_line"
        "   from checked where {key} in (select {key} from repeated)),"
        " removed as (delete from checked using ranked"
        "   where checked.line = ranked.line and ranked.line <> first_line returning ranked.*)"
        " insert into problems"
        " select line, array[{name}, {key}, format({reason}, first_line), {rule}] from removed"
    ).format(
        key=Identifier(table.key),
        name=Literal(table.key),
        reason=Literal(sentence(REPEATED_KEY, "line %s")),
        rule=Literal(REPEATED_KEY),
    )


def _with_rows(cursor: Cursor, path: Path) -> Iterator[Rejected]:
    # Quarantine keeps the row as it came, so the file is read once more for those lines.
    problems = dict(cursor.fetchall())
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
    while line.count('"') % 2:
        line += next(lines)[1]
    return line.rstrip("\r\n")


def _merge(cursor: Cursor, table: PostgresTable) -> tuple[int, int]:
    columns = [Identifier(column.name) for column in table.columns]
    cursor.execute(
        SQL(
            "with merged as (insert into public.{table} as target ({columns}) select {columns} from checked"
            " on conflict ({key}) do update set ({columns}) = row({new})"
            " where ({old}) is distinct from ({new}) returning xmax = 0 as inserted)"
            " select count(*) filter (where inserted), count(*) filter (where not inserted) from merged"
        ).format(
            table=Identifier(table.name),
            key=Identifier(table.key),
            columns=SQL(", ").join(columns),
            old=SQL(", ").join(SQL("target.{}").format(column) for column in columns),
            new=SQL(", ").join(SQL("excluded.{}").format(column) for column in columns),
        )
    )
    return cursor.fetchone()


def _delete_missing(cursor: Cursor, table: PostgresTable, rejected_keys: list[str]) -> int:
    # `stage` holds the rejected rows too: a row that came broken is not a row that is gone.
    cursor.execute(
        SQL(
            "delete from public.{table} as target"
            " where not exists (select 1 from stage where stage.{key} = target.{key})"
            " and target.{key} <> all (%s)"
        ).format(table=Identifier(table.name), key=Identifier(table.key)),
        (rejected_keys,),
    )
    return cursor.rowcount
