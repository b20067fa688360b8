"""Merge rows that wait in quarantine into their source, with the seed's own checks and merge.

Data flow: waiting rows -> temporary CSV file, or lists of documents -> the seed's merge -> source. The merge
names a rejected row by its place in file or list, which is mapped back to the row's id in quarantine.

Example for CSV: the rows with id 7 (one line), 8 (two lines, since a quoted field has a line feed) and 9 are
written below the header, to lines 2, 3-4 and 5. A problem that is found in line 5 is one of row 9.
"""

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from psycopg2.extensions import connection as Connection
from pymongo.database import Database

from include.ops.load_runs import Load
from include.rules.reasons import REPEATED_KEY, Problem, problem
from include.rules.rejected import Rejected
from include.rules.texts import clipped
from include.seed import mongo, postgres
from include.seed.checked import Lists
from include.seed.csv_header import parse_header
from include.seed.csv_stream import LONGEST_RECORD_LINES, problem_of
from include.seed.json_document import Element, parse_document
from include.specs import MongoCollection, PostgresTable
from include.transaction import transaction


class WaitingRow(NamedTuple):
    """A row in quarantine: place, problem, header of its CSV file, and its text, which may be corrected."""

    rejected_row_id: int
    position: str
    value: str | None
    rule: str
    header: str | None
    text: str


# Id of the row -> its new problem; None: its problem is the same as before.
StillRejected = Mapping[int, Rejected | None]


def merge_csv_rows(source: Connection, table: PostgresTable, rows: Sequence[WaitingRow]) -> StillRejected:
    """Merge the rows, ordered by header, into the table; return those that still break a rule."""
    still_rejected: dict[int, Rejected | None] = {}
    with transaction(source) as cursor, tempfile.TemporaryDirectory() as folder:
        cursor.execute("select pg_advisory_xact_lock(hashtext('seed ' || %s))", (table.name,))
        for header, group in groupby(rows, key=lambda row: row.header):
            declared = ",".join(column.name for column in table.file_columns)
            path = Path(folder) / table.file
            still_rejected |= _merge_lines(source, table, path, header or declared, list(group))
    return still_rejected


def merge_documents(
    database: Database, collection: MongoCollection, rows: Sequence[WaitingRow]
) -> StillRejected:
    """Merge the documents into the collection; return those that still break a rule."""
    still_rejected: dict[int, Rejected | None] = {}
    lists: dict[str, list[Element]] = {kind.name: [] for kind in collection.kinds}
    ids_by_position = {}
    for row in rows:
        try:
            element = parse_document(row.text)
        except (ValueError, RecursionError) as error:
            found = Rejected(row.position, *problem("not_json", clipped(error)), row.text)
            still_rejected[row.rejected_row_id] = found
            continue
        if isinstance(element.value, dict) and _is_repeated(row, element.value.get(collection.key)):
            still_rejected[row.rejected_row_id] = None
            continue
        # The position movies[3] names the list and the index.
        kind = row.position.partition("[")[0]
        ids_by_position[f"{kind}[{len(lists[kind])}]"] = row.rejected_row_id
        lists[kind].append(element)
    rejected = _merge_lists(database, collection, lists)
    return still_rejected | {ids_by_position[found.position]: found for found in rejected}


def _merge_lines(
    source: Connection, table: PostgresTable, path: Path, header: str, rows: list[WaitingRow]
) -> StillRejected:
    """Merge the rows of files with one header, as far as each is one record with all its fields."""
    columns = parse_header(header)
    key = columns.index(table.file_key)
    still_rejected: dict[int, Rejected | None] = {}
    ids_by_line, lines, line = {}, [header], header.count("\n") + 2
    for row in rows:
        fields, found = _read(row, columns)
        if found or _is_repeated(row, fields[key]):
            still_rejected[row.rejected_row_id] = found and Rejected(row.position, *found, row.text)
            continue
        ids_by_line[line] = row.rejected_row_id
        lines.append(row.text)
        line += row.text.count("\n") + 1
    if ids_by_line:
        path.write_bytes(("\n".join(lines) + "\n").encode())
        load = Load("seed", table.name, datetime.now(UTC))
        rejected = postgres.merge_file(source, table, path, load, is_whole=False)
        still_rejected |= {ids_by_line[int(found.position)]: found for found in rejected}
    return still_rejected


def _read(row: WaitingRow, columns: Sequence[str]) -> tuple[list[str], Problem | None]:
    """Return the row's fields, and why it is not one record with all of them: it could take in others."""
    try:
        records = list(csv.reader(io.StringIO(row.text, newline=""), strict=True))
    except csv.Error as error:
        return [], problem_of(error)
    fields, found = records[0] if records else [], None
    # Quarantine stores NUL as the two characters \0, which were never the value.
    if row.rule == "nul_in_row" and "\\0" in row.text:
        found = problem("nul_in_row")
    elif len(records) > 1:
        found = problem("not_csv", "these are several rows")
    elif row.text.count('"') % 2:
        found = problem("lone_quote")
    elif row.text.count("\n") >= LONGEST_RECORD_LINES:
        found = problem("unclosed_quote")
    elif len(fields) != len(columns):
        found = problem("field_count", len(fields), len(columns))
    return fields, found


def _is_repeated(row: WaitingRow, key: object) -> bool:
    """Tell whether the row still repeats a key: its merge would overwrite the first row, which was loaded."""
    return row.rule == REPEATED_KEY and row.value == key


def _merge_lists(database: Database, collection: MongoCollection, lists: Lists) -> list[Rejected]:
    """Merge the documents into the collection; return those that it does not take."""
    load = Load("seed", collection.name, datetime.now(UTC))
    rejected, writes = mongo.merge_lists(database, collection, lists, load, is_whole=False)
    refused = mongo.write(database, collection, writes)
    return [*rejected, *(one.rejected for one in refused)]
