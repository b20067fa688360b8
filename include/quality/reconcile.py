"""Reconcile sources, raw and star at the end of a run: rows, keys, all values by a hash, sums of numbers.

Data flow, for each table while its loads are locked out: ops.source_figures + raw + star -> measures; those
of all tables -> ops.reconciliations, in one transaction.

A PostgreSQL table's source figures are those of the snapshot that the last load copied into raw, so raw
equals them even if the source has changed since. A collection has no snapshots: it is read whole and compared
in its present state, without later changes (row_diff.py). Keys are compared only where figures differ.

Example of rounding: raw has the minutes 1.004 and 1.004, the star 1.00 and 1.00. The sums are 2.008 and 2.00,
and rounding raw's values takes away 0.008: the star is equal. Of the hash, `rounding` is the difference
between raw's rows as they are and as the star says them: rounded, trimmed, Unknown for none.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from psycopg2.sql import Identifier
from pymongo.database import Database

from include.errors import DataQualityError, SchemaDriftError
from include.extract_load import drift, mongo, postgres, raw
from include.failures import driver_words
from include.ops.fingerprint import (
    Fingerprint,
    Measured,
    all_of,
    fingerprint_of,
    live_rows,
    numbers,
    remembered_columns,
    remembered_fingerprint,
)
from include.quality.measures import ComparedMeasure, compare_measures, difference, measure_raw
from include.quality.row_diff import differing_keys, leave_out, staged_rows
from include.quality.star_mapping import rows_in_its_words, star_of
from include.run import Batch
from include.specs import MongoCollection, PostgresTable, RawTable
from include.tables import SOURCES
from include.transaction import transaction

log = logging.getLogger(__name__)

SHOWN_KEYS = 5
LONGEST_FIGURE = 60
NO_KEY = (
    "No key differs any more; rows that changed in the source since the load, or have no stamp that says"
    " whether, are left out."
)


@dataclass(frozen=True)
class Servers:
    """The sources by connection id, and the warehouse as elt_loader and as dbt_transformer.

    The latter may read the next star.
    """

    sources: Mapping[str, Connection | Database]
    warehouse: Connection
    publisher: Connection


@dataclass(frozen=True)
class TableComparison:
    """The measures of one raw table, and a message for each side that differs from raw."""

    table: str
    measures: Sequence[ComparedMeasure]
    problems: Sequence[str]


def reconcile_sources(
    servers: Servers, batch: Batch, *, schema: str, brought: Collection[str] | None = None
) -> list[dict]:
    """Compare every raw table with its source and with the star in `schema`; return the row counts.

    `brought` are the names of the sources that the run brought, None for all. Of the others only raw and star
    are compared, and nothing is recorded.
    Raises DataQualityError, after all tables are compared and recorded, when any of them differs.
    """
    compared: list[TableComparison] = []
    # Without deletes="sweep" raw keeps rows that its source has deleted, so the two are not comparable.
    for declared in (found for found in SOURCES if found.deletes == "sweep"):
        if brought is not None and declared.name not in brought:
            compared += _compare_with_star(servers, declared, schema)
        elif isinstance(declared, PostgresTable):
            compared.append(_compare_table(servers, declared, schema))
        else:
            compared += _compare_collection(servers, declared, schema)
    _record(servers.warehouse, compared, batch)
    if problems := [problem for comparison in compared for problem in comparison.problems]:
        raise DataQualityError("\n".join(problems))
    return [{"table": found.table, "rows": int(found.measures[0].raw)} for found in compared]


def _compare_with_star(
    servers: Servers, declared: PostgresTable | MongoCollection, schema: str
) -> Iterator[TableComparison]:
    """Compare the raw tables of a source that was not brought with the star: they have no other side."""
    with transaction(servers.warehouse) as cursor:
        _lock_out_loads(cursor, declared.raw, declared)
        for table in declared.raw_tables:
            in_raw = fingerprint_of(cursor, live_rows(table), all_of(table))
            measures = compare_measures(cursor, servers.publisher, table, ({}, in_raw), schema)
            problems = _star_problems(servers.publisher, table, measures, schema)
            yield _logged(TableComparison(table.raw, measures, problems))


def _compare_table(servers: Servers, table: PostgresTable, schema: str) -> TableComparison:
    """Compare a PostgreSQL table's recorded figures with raw, and raw with the star."""
    with transaction(servers.warehouse) as cursor:
        watermark = _lock_out_loads(cursor, table.raw, table)
        source = remembered_fingerprint(cursor, table)
        if not source:
            return TableComparison(table.raw, (), [f"raw.{table.raw}: no load has measured its source yet"])
        measured = Measured(table.raw_key, numbers(table), remembered_columns(cursor, table))
        in_raw = measure_raw(cursor, live_rows(table), measured, source)
        measures = compare_measures(cursor, servers.publisher, table, (source, in_raw), schema)
        problems = []
        if unequal := [found for found in measures if not found.is_source_equal]:
            server = servers.sources[table.server]
            keys = _keys_in_table(server, cursor, table, measured, source, watermark)
            problems.append(_source_problem(table, keys, unequal, table.raw))
        problems += _star_problems(servers.publisher, table, measures, schema)
    return _logged(TableComparison(table.raw, measures, problems))


def _keys_in_table(
    source: Connection,
    cursor: Cursor,
    table: PostgresTable,
    measured: Measured,
    loaded: Fingerprint,
    watermark: datetime | None,
) -> Sequence[str] | None:
    """Return the first keys in which raw differs from the source's present state.

    None where that is no longer the table that was loaded: without a column of the key, of other types,
    gone, or not to be read.
    """
    cursor.execute("savepoint staging")
    try:
        staged, measured = _stage(source, cursor, table, measured, loaded, watermark)
    except (SchemaDriftError, psycopg2.ProgrammingError, psycopg2.DataError) as error:
        cursor.execute("rollback to savepoint staging")
        log.warning("raw.%s: its source cannot be read for keys: %s", table.raw, driver_words(error))
        return None
    columns = [*measured.hashed] or [*table.key, *measured.numbers]
    sides = {"the source": staged_rows(staged, columns), "raw": live_rows(table)}
    return differing_keys(cursor, table, columns, sides, SHOWN_KEYS)


def _stage(
    source: Connection,
    cursor: Cursor,
    table: PostgresTable,
    measured: Measured,
    loaded: Fingerprint,
    watermark: datetime | None,
) -> tuple[PostgresTable, Measured]:
    """Stage the source in its present state; return the table with the columns that it still has.

    `loaded` are the figures that it had when it was loaded. Raises SchemaDriftError when the key is gone.
    """
    with postgres.snapshot(source) as reader:
        rows = drift.rows_as_loaded(reader, cursor, table)
        if not {*table.key} <= {column.name for column in rows.table.columns}:
            raise SchemaDriftError(f"{table.schema}.{table.table} no longer has {', '.join(table.key)}")
        postgres.stage(reader, cursor, rows, None)
        postgres.stage_keys(reader, cursor, rows)
    held = {column.name for column in rows.table.raw_columns}
    hashed = {name: type_ for name, type_ in measured.hashed.items() if name in held}
    measured = replace(measured, hashed=hashed, numbers=[name for name in measured.numbers if name in held])
    now = fingerprint_of(cursor, Identifier(f"stage_{table.raw}"), measured)
    is_as_loaded = now.keys() == loaded.keys() and not any(
        difference(now[name], value) for name, value in loaded.items()
    )
    leave_out(cursor, [rows.table], watermark, is_as_loaded=is_as_loaded)
    return rows.table, measured


def _compare_collection(servers: Servers, collection: MongoCollection, schema: str) -> list[TableComparison]:
    """Compare each raw table of a collection with the staged collection and with the star."""
    with transaction(servers.warehouse) as cursor:
        watermark = _lock_out_loads(cursor, collection.raw, collection)
        mongo.stage(servers.sources[collection.server], cursor, collection, None)
        # Where no stamp says what changed since the load, raw is compared with what that left.
        is_as_loaded = not collection.is_incremental
        left_out = leave_out(cursor, collection.kinds, watermark, is_as_loaded=is_as_loaded)
        compared = [
            _compare_documents(cursor, servers.publisher, collection, table, schema)
            for table in collection.raw_tables
        ]
    what = "documents changed since the load or were rejected: left out"
    log.info("%s: %s %s", collection.raw, f"{left_out:,}", what)
    return compared


def _compare_documents(
    cursor: Cursor, publisher: Connection, collection: MongoCollection, table: RawTable, schema: str
) -> TableComparison:
    """Compare one raw table of a staged collection."""
    measured, live = all_of(table), live_rows(table, collection.watermark)
    columns = list(measured.hashed)
    staged = staged_rows(table, columns, collection.watermark)
    source = remembered_fingerprint(cursor, table)
    if collection.is_incremental:
        source = fingerprint_of(cursor, staged, measured)
    in_raw = measure_raw(cursor, live, measured, source)
    measures = compare_measures(cursor, publisher, table, (source, in_raw), schema)
    problems = []
    if unequal := [found for found in measures if not found.is_source_equal]:
        sides = {"the source": staged, "raw": live}
        keys = differing_keys(cursor, table, columns, sides, SHOWN_KEYS)
        problems.append(_source_problem(table, keys, unequal, collection.raw))
    problems += _star_problems(publisher, table, measures, schema)
    return _logged(TableComparison(table.raw, measures, problems))


def _lock_out_loads(cursor: Cursor, name: str, source: PostgresTable | MongoCollection) -> datetime | None:
    """Lock out loads of the table until the transaction ends; return the watermark of an incremental one."""
    raw.lock_loads(cursor, name)
    if not source.is_incremental:
        return None
    cursor.execute("select max(watermark) from ops.watermarks where table_name = %s", (name,))
    return cursor.fetchone()[0]


def _source_problem(
    table: RawTable, keys: Sequence[str] | None, unequal: Sequence[ComparedMeasure], source: str
) -> str:
    """Return the message for a raw table that differs from its source, with the first differing keys."""
    figures = ", ".join(
        f"{m.name} is {_shown(m.source)} in the source and {_shown(m.raw)} in raw" for m in unequal
    )
    return (
        f"raw.{table.raw} differs from its source: {figures}. {_named(keys)} A load missed a change, or"
        " somebody wrote into raw. To read everything again: make sql AS=admin"
        f" Q=\"delete from ops.watermarks where table_name = '{source}'\", then trigger the pipeline"
    )


def _star_problems(
    publisher: Connection, table: RawTable, measures: Sequence[ComparedMeasure], schema: str
) -> list[str]:
    """Return the message for a star that differs from raw, with the first differing keys; one or none."""
    unequal = [found for found in measures if not found.is_trusted_equal]
    if not unequal:
        return []
    star = star_of(table)
    name = f"{schema}.{star.name}"
    sides = {"raw": rows_in_its_words(star, table), name: star.rows(table, schema)}
    with transaction(publisher) as cursor:
        keys = differing_keys(cursor, table, star.columns, sides, SHOWN_KEYS)
    figures = ", ".join(
        f"{m.name} is {_shown(m.rounded)} in raw and {_shown(m.trusted)} there" for m in unequal
    )
    return [
        f"{name} differs from raw.{table.raw}: {figures}. {_named(keys)} Somebody wrote into the star, or a"
        " model lost rows. To build it from nothing: trigger the pipeline with mode full refresh"
        " (FULL_REFRESH=1 for make run and make demo)"
    ]


def _named(keys: Sequence[str] | None) -> str:
    if keys is None:
        return "In which rows, the source cannot say: it is no longer the table that was loaded."
    return f"First keys: {', '.join(keys)}." if keys else NO_KEY


def _shown(figure: Decimal) -> str:
    """Return the figure in words; a sum may have 100,000 digits."""
    shown = f"{figure:,}"
    return shown if len(shown) <= LONGEST_FIGURE else f"{figure:.15E}"


def _logged(comparison: TableComparison) -> TableComparison:
    verdict = "differs" if comparison.problems else "equal"
    log.info("raw.%s: %s, %s rows compared", comparison.table, verdict, f"{comparison.measures[0].raw:,}")
    return comparison


def _record(warehouse: Connection, compared: Sequence[TableComparison], batch: Batch) -> None:
    """Replace the batch's rows in ops.reconciliations."""
    with transaction(warehouse) as cursor:
        cursor.execute("delete from ops.reconciliations where batch_id = %s", (batch.batch_id,))
        execute_values(
            cursor,
            "insert into ops.reconciliations"
            " (batch_id, table_name, measure, source_value, raw_value, rounding, trusted_value) values %s",
            [
                (batch.batch_id, found.table, m.name, *m.values)
                for found in compared
                for m in found.measures
                if m.source is not None
            ],
        )
