"""Read a CSV file as typed rows, without a database: its good rows, and those that break a rule.

Data flow: file -> CsvStream of include/ (encoding, header, quotes) -> texts -> DuckDB (values) -> Arrow.
"""

from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
from pyarrow import csv

from include.rules.reasons import REPEATED_KEY, sentence
from include.seed.csv_stream import CsvStream
from include.seed.postgres import with_rows
from include.specs import PostgresTable
from lakehouse.came import Came
from lakehouse.csv_rules import first_problem, typed_value
from lakehouse.duck import identifier
from lakehouse.shapes import Shape

JUDGED = "create table judged as select *, {problem} as problem from came"
# The first row of a key is taken.
RANKED = """
create table ranked as
select *, first_value(line) over (partition by {key} order by line) as first_line
from judged where problem is null
"""
PROBLEMS = """
select line, problem from judged where problem is not null
union all
select line, [{name}, {key}, 'line ' || first_line, {rule}] from ranked where line != first_line
"""
GOOD = "select {values} from ranked where line = first_line"


def read_csv(path: Path, shape: Shape) -> Came:
    """Read the file. Raises InputError for one that cannot be read as a CSV of this table at all."""
    table: PostgresTable = shape.table
    with (
        CsvStream(path, [column.name for column in table.file_columns], table.file_key) as stream,
        duckdb.connect() as query,
    ):
        query.register("came", _texts(stream))
        query.execute(JUDGED.format(problem=first_problem(table.file_columns)))
        key = identifier(table.file_key)
        query.execute(RANKED.format(key=key))
        found = query.sql(
            PROBLEMS.format(name=f"'{table.file_key}'", key=key, rule=f"'{REPEATED_KEY}'")
        ).fetchall()
        rejected = [*stream.rejected, *with_rows(_sentences(found), path)]
        keys = query.sql(f"select distinct {key} from judged where problem is not null and {key} is not null")
        kept = frozenset([*stream.rejected_keys, *(name for (name,) in keys.fetchall())])
        ordered = sorted(rejected, key=lambda one: int(one.position))
        rejected = [replace(one, header=stream.header) for one in ordered]
        return Came({shape.name: _typed(query, shape)}, rejected, kept, stream.rows_read)


def _texts(stream: CsvStream) -> pa.Table:
    """Return all rows as texts, with the line at which each begins."""
    names = ["line", *stream.stage_columns]
    types = {name: pa.string() for name in names} | {"line": pa.int64()}
    return csv.read_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=csv.ReadOptions(column_names=names),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types),
    )


def _sentences(found: list[tuple[int, list[str]]]) -> dict[int, list[str]]:
    """Return the problems by line; of a repeated key the reason is the line of the first row until here."""
    return {
        line: [column, value, sentence(rule, reason) if rule == REPEATED_KEY else reason, rule]
        for line, (column, value, reason, rule) in found
    }


def _typed(query: duckdb.DuckDBPyConnection, shape: Shape) -> pa.Table:
    """Return the good rows with the types of the lake."""
    columns = shape.table.file_columns
    values = ", ".join(f"{typed_value(column)} as {identifier(column.name)}" for column in columns)
    schema = pa.schema([shape.schema.field(column.name) for column in columns])
    return query.sql(GOOD.format(values=values)).to_arrow_table().cast(schema)
