"""Reconcile sources, raw and star at the end of a run: row count, key hash and sum of every number column.

Data flow, for each table while its loads are locked out: ops.source_figures + raw + star -> measures; those
of all tables -> ops.reconciliations, in one transaction.

A PostgreSQL table's source figures are those of the snapshot that the last load copied into raw, so raw
equals them even if the source has changed since. A collection has no snapshots: it is read whole and compared
in its present state, without later changes (row_diff.py). Keys are compared only where figures differ.

Example of rounding: raw has the minutes 1.004 and 1.004, the star 1.00 and 1.00. The sums are 2.008 and 2.00,
and rounding raw's values takes away 0.008: the star is equal.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from psycopg2.sql import Identifier
from pymongo.database import Database

from include.errors import DataQualityError
from include.extract_load import drift, mongo, postgres, raw
from include.ops.fingerprint import Fingerprint, fingerprint_of, live_rows, numbers, remembered_fingerprint
from include.quality.row_diff import differing_keys, leave_out, staged_rows
from include.quality.star_mapping import rounded_rows, star_of
from include.run import Batch
from include.specs import MongoCollection, PostgresTable, RawTable
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES
from include.transaction import transaction

log = logging.getLogger(__name__)

SHOWN_KEYS = 5


@dataclass(frozen=True)
class Servers:
    """The sources by connection id, and the warehouse as elt_loader and as dbt_transformer.

    The latter may read the next star.
    """

    sources: Mapping[str, Connection | Database]
    warehouse: Connection
    publisher: Connection


@dataclass(frozen=True)
class ComparedMeasure:
    """A measure of a raw table in source, raw and star; `trusted` is None where the star has no such column.

    `rounding` is raw's value minus that of raw rounded to the star's decimals.
    """

    name: str
    source: Decimal
    raw: Decimal
    rounding: Decimal
    trusted: Decimal | None

    @property
    def is_source_equal(self) -> bool:
        return not _difference(self.source, self.raw)

    @property
    def is_trusted_equal(self) -> bool:
        return self.trusted is None or not _difference(self.trusted, self.rounded)

    @property
    def values(self) -> list[str | None]:
        """The figures as texts, since psycopg2 would make NaN of an infinity."""
        figures = (self.source, self.raw, self.rounding, self.trusted)
        return [None if figure is None else str(figure) for figure in figures]

    @property
    def rounded(self) -> Decimal:
        """Raw's value, rounded to the star's decimals."""
        return self.raw - self.rounding


@dataclass(frozen=True)
class TableComparison:
    """The measures of one raw table, and a message for each side that differs from raw."""

    table: str
    measures: Sequence[ComparedMeasure]
    problems: Sequence[str]


def reconcile_sources(servers: Servers, batch: Batch, *, schema: str) -> list[dict]:
    """Compare every raw table with its source and with the star in `schema`; return the row counts.

    Raises DataQualityError, after all tables are compared and recorded, when any of them differs.
    """
    # Without deletes="sweep" raw keeps rows that its source has deleted, so the two are not comparable.
    compared = [
        _compare_table(servers, table, schema) for table in POSTGRES_TABLES if table.deletes == "sweep"
    ]
    for collection in (found for found in MONGO_COLLECTIONS if found.deletes == "sweep"):
        compared += _compare_collection(servers, collection, schema)
    _record(servers.warehouse, compared, batch)
    if problems := [problem for comparison in compared for problem in comparison.problems]:
        raise DataQualityError("\n".join(problems))
    return [{"table": found.table, "rows": int(found.measures[0].raw)} for found in compared]


def _compare_table(servers: Servers, table: PostgresTable, schema: str) -> TableComparison:
    """Compare a PostgreSQL table's recorded figures with raw, and raw with the star."""
    with transaction(servers.warehouse) as cursor:
        watermark = _lock_out_loads(cursor, table.raw, table)
        source = remembered_fingerprint(cursor, table)
        if not source:
            return TableComparison(table.raw, (), [f"raw.{table.raw}: no load has measured its source yet"])
        measures = _measures(cursor, servers.publisher, table, source, schema)
        problems = []
        if unequal := [found for found in measures if not found.is_source_equal]:
            narrow = _stage(servers.sources[table.server], cursor, table, source, watermark)
            problems.append(_source_problem(cursor, narrow, unequal, table.raw))
        problems += _star_problems(servers.publisher, table, measures, schema)
    return _logged(TableComparison(table.raw, measures, problems))


def _stage(
    source: Connection, cursor: Cursor, table: PostgresTable, loaded: Fingerprint, watermark: datetime | None
) -> PostgresTable:
    """Stage the source in its present state; return the table with the staged columns: key and numbers.

    `loaded` are the figures that it had when it was loaded.
    """
    with postgres.snapshot(source) as reader:
        rows = drift.rows_as_loaded(reader, cursor, table).narrowed({*table.key, *numbers(table)})
        postgres.stage(reader, cursor, rows, None)
        postgres.stage_keys(reader, cursor, rows)
    now = fingerprint_of(cursor, Identifier(f"stage_{table.raw}"), table.raw_key, numbers(table))
    is_as_loaded = not any(_difference(now[name], value) for name, value in loaded.items())
    leave_out(cursor, [rows.table], watermark, is_as_loaded=is_as_loaded)
    return rows.table


def _compare_collection(servers: Servers, collection: MongoCollection, schema: str) -> list[TableComparison]:
    """Compare each raw table of a collection with the staged collection and with the star."""
    name = collection.raw
    compared = []
    with transaction(servers.warehouse) as cursor:
        watermark = _lock_out_loads(cursor, name, collection)
        mongo.stage(servers.sources[collection.server], cursor, collection, None)
        # Where no stamp says what changed since the load, raw is compared with what that left.
        is_stamped = collection.is_incremental
        left_out = leave_out(cursor, collection.kinds, watermark, is_as_loaded=not is_stamped)
        for table in collection.raw_tables:
            source = remembered_fingerprint(cursor, table)
            if is_stamped:
                source = fingerprint_of(cursor, staged_rows(table), table.raw_key, numbers(table))
            measures = _measures(cursor, servers.publisher, table, source, schema)
            unequal = [found for found in measures if not found.is_source_equal]
            problems = [_source_problem(cursor, table, unequal, name)] if unequal else []
            problems += _star_problems(servers.publisher, table, measures, schema)
            compared.append(_logged(TableComparison(table.raw, measures, problems)))
    log.info("%s: %s documents changed since the load or were rejected: left out", name, f"{left_out:,}")
    return compared


def _lock_out_loads(cursor: Cursor, name: str, source: PostgresTable | MongoCollection) -> datetime | None:
    """Lock out loads of the table until the transaction ends; return the watermark of an incremental one."""
    raw.lock_loads(cursor, name)
    if not source.is_incremental:
        return None
    cursor.execute("select max(watermark) from ops.watermarks where table_name = %s", (name,))
    return cursor.fetchone()[0]


def _measures(
    cursor: Cursor, publisher: Connection, table: RawTable, source: Fingerprint, schema: str
) -> list[ComparedMeasure]:
    """Measure raw and star; raw is rounded, by a second scan, only when the star differs from its figures."""
    in_raw = fingerprint_of(cursor, live_rows(table), table.raw_key, numbers(table))
    in_star = _measure_star(publisher, table, schema)
    rounded = in_raw
    if any(value != in_raw[name] for name, value in in_star.items()):
        rounded = fingerprint_of(cursor, rounded_rows(table), table.raw_key, numbers(table))
    return [
        ComparedMeasure(
            name, value, in_raw[name], _difference(in_raw[name], rounded[name]), in_star.get(name)
        )
        for name, value in source.items()
    ]


def _difference(left: Decimal, right: Decimal) -> Decimal:
    """Return left minus right; 0 where both are NaN, or the same infinity: a sum over such a value is one."""
    are_same_infinity = math.isinf(left) and left == right
    if are_same_infinity or (math.isnan(left) and math.isnan(right)):
        return Decimal(0)
    return left - right


def _measure_star(publisher: Connection, table: RawTable, schema: str) -> Fingerprint:
    """Return the figures of the star's rows for the raw table; none when it has no such table."""
    star = star_of(table)
    if star is None:
        return {}
    with transaction(publisher) as cursor:
        return fingerprint_of(cursor, star.rows(table, schema), table.raw_key, list(star.columns))


def _source_problem(cursor: Cursor, table: RawTable, unequal: Sequence[ComparedMeasure], source: str) -> str:
    """Return the message for a raw table that differs from its source, with the first differing keys."""
    sides = {"the source": staged_rows(table), "raw": live_rows(table)}
    keys = differing_keys(cursor, table.raw_key, numbers(table), sides, SHOWN_KEYS)
    figures = ", ".join(f"{m.name} is {m.source:,} in the source and {m.raw:,} in raw" for m in unequal)
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
    sides = {"raw": rounded_rows(table), name: star.rows(table, schema)}
    with transaction(publisher) as cursor:
        keys = differing_keys(cursor, table.raw_key, list(star.columns), sides, SHOWN_KEYS)
    figures = ", ".join(f"{m.name} is {m.rounded:,} in raw and {m.trusted:,} there" for m in unequal)
    return [
        f"{name} differs from raw.{table.raw}: {figures}. {_named(keys)} Somebody wrote into the star, or a"
        " model lost rows. To build it from nothing: trigger the pipeline with the parameter full_refresh"
        " (FULL_REFRESH=1 for make run and make demo)"
    ]


def _named(keys: Sequence[str]) -> str:
    return f"First keys: {', '.join(keys)}." if keys else "No key differs any more."


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
            [(batch.batch_id, found.table, m.name, *m.values) for found in compared for m in found.measures],
        )
