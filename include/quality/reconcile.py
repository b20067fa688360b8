"""Reconcile sources, raw and star at the end of a run: rows, key hash and the sum of every number column.

Data flow, one table after the other, while no load of it can run: ops.source_figures + raw + star -> figures
-> ops.reconciliations, all in one transaction.

The source's figures are those of the snapshot that the last load brought into raw, so raw equals them to the
last digit, whatever the source did since. A collection has no snapshots: it is staged whole and compared as
it is now, without what changed since (see row_diff.py). Only where figures differ are keys compared.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values
from pymongo.database import Database

from include.errors import DataQualityError
from include.extract_load import mongo, postgres, raw
from include.ops.fingerprint import Fingerprint, fingerprint_of, live_rows, numbers, remembered_fingerprint
from include.quality.row_diff import differing_keys, leave_out, staged_rows
from include.quality.star_mapping import STAR, rounded_rows
from include.run import Batch
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES, MongoCollection, PostgresTable, RawTable
from include.transaction import transaction

log = logging.getLogger(__name__)

SHOWN_KEYS = 5


@dataclass(frozen=True)
class Servers:
    """Both sources, and the warehouse as elt_loader and as dbt_transformer, who may read the star."""

    source: Connection
    catalogue: Database
    warehouse: Connection
    publisher: Connection


@dataclass(frozen=True)
class Measure:
    """A figure of a raw table on all sides; `rounding` is what the star's decimals take away from raw's."""

    name: str
    source: Decimal
    raw: Decimal
    rounding: Decimal
    trusted: Decimal | None

    @property
    def is_source_equal(self) -> bool:
        return self.source == self.raw

    @property
    def is_trusted_equal(self) -> bool:
        return self.trusted is None or self.trusted == self.raw - self.rounding


@dataclass(frozen=True)
class Comparison:
    """A raw table beside its source and the star: its figures, and what to tell people where they differ."""

    table: str
    measures: Sequence[Measure]
    problems: Sequence[str]


def reconcile_sources(servers: Servers, batch: Batch, *, schema: str) -> list[dict]:
    """Compare every raw table with its source and with the star in `schema`; return the rows by table.

    Raises DataQualityError, after everything was compared and recorded, when anything differs.
    """
    # Where deletions are not followed, raw may hold more than its source.
    compared = [
        _compare_table(servers, table, schema) for table in POSTGRES_TABLES if table.deletes == "sweep"
    ]
    for collection in (found for found in MONGO_COLLECTIONS if found.deletes == "sweep"):
        compared += _compare_collection(servers, collection, schema)
    _record(servers.warehouse, compared, batch)
    if problems := [problem for comparison in compared for problem in comparison.problems]:
        raise DataQualityError("\n".join(problems))
    return [{"table": found.table, "rows": int(found.measures[0].raw)} for found in compared]


def _compare_table(servers: Servers, table: PostgresTable, schema: str) -> Comparison:
    with transaction(servers.warehouse) as cursor:
        watermark = _begin(cursor, table.raw, table)
        source = remembered_fingerprint(cursor, table)
        if not source:
            return Comparison(table.raw, (), [f"raw.{table.raw}: no load has measured its source yet"])
        measures = _measures(cursor, servers.publisher, table, source, schema)
        problems = []
        if unequal := [found for found in measures if not found.is_source_equal]:
            narrow = _stage(servers.source, cursor, table, watermark)
            problems.append(_source_problem(cursor, narrow, unequal, table.raw))
        problems += _star_problems(servers.publisher, table, measures, schema)
    return _logged(Comparison(table.raw, measures, problems))


def _stage(
    source: Connection, cursor: Cursor, table: PostgresTable, watermark: datetime | None
) -> PostgresTable:
    # Key and numbers only: the texts need not travel.
    kept = {table.key, *numbers(table)}
    narrow = replace(table, columns=tuple(column for column in table.columns if column.name in kept))
    with postgres.snapshot(source) as reader:
        postgres.stage(reader, cursor, narrow, None)
        postgres.stage_keys(reader, cursor, narrow)
    leave_out(cursor, [narrow], watermark)
    return narrow


def _compare_collection(servers: Servers, collection: MongoCollection, schema: str) -> list[Comparison]:
    name = collection.raw
    compared = []
    with transaction(servers.warehouse) as cursor:
        watermark = _begin(cursor, name, collection)
        mongo.stage(servers.catalogue, cursor, collection, None)
        left_out = leave_out(cursor, collection.kinds, watermark)
        for table in collection.raw_tables:
            source = fingerprint_of(cursor, staged_rows(table), table.raw_key, numbers(table))
            measures = _measures(cursor, servers.publisher, table, source, schema)
            unequal = [found for found in measures if not found.is_source_equal]
            problems = [_source_problem(cursor, table, unequal, name)] if unequal else []
            problems += _star_problems(servers.publisher, table, measures, schema)
            compared.append(_logged(Comparison(table.raw, measures, problems)))
    log.info("%s: %s documents changed since the load or were rejected: left out", name, f"{left_out:,}")
    return compared


def _begin(cursor: Cursor, name: str, source: PostgresTable | MongoCollection) -> datetime | None:
    """Keep loads of the table away until the transaction ends; return its watermark, where it has one."""
    raw.lock_loads(cursor, name)
    if not source.is_incremental:
        return None
    cursor.execute("select max(watermark) from ops.watermarks where table_name = %s", (name,))
    return cursor.fetchone()[0]


def _measures(
    cursor: Cursor, publisher: Connection, table: RawTable, source: Fingerprint, schema: str
) -> list[Measure]:
    in_raw = fingerprint_of(cursor, live_rows(table), table.raw_key, numbers(table))
    in_star = _measure_star(publisher, table, schema)
    rounded = in_raw
    if any(value != in_raw[name] for name, value in in_star.items()):
        rounded = fingerprint_of(cursor, rounded_rows(table), table.raw_key, numbers(table))
    return [
        Measure(name, value, in_raw[name], in_raw[name] - rounded[name], in_star.get(name))
        for name, value in source.items()
    ]


def _measure_star(publisher: Connection, table: RawTable, schema: str) -> Fingerprint:
    star = STAR.get(table.raw)
    if star is None:
        return {}
    with transaction(publisher) as cursor:
        return fingerprint_of(cursor, star.rows(table, schema), table.raw_key, list(star.columns))


def _source_problem(cursor: Cursor, table: RawTable, unequal: Sequence[Measure], source: str) -> str:
    sides = {"the source": staged_rows(table), "raw": live_rows(table)}
    keys = differing_keys(cursor, table.raw_key, numbers(table), sides, SHOWN_KEYS)
    figures = ", ".join(f"{m.name} is {m.source:,} in the source and {m.raw:,} in raw" for m in unequal)
    return (
        f"raw.{table.raw} differs from its source: {figures}. {_named(keys)} A load missed a change, or"
        " somebody wrote into raw. To read everything again: make sql AS=admin"
        f" Q=\"delete from ops.watermarks where table_name = '{source}'\", then trigger the pipeline"
    )


def _star_problems(
    publisher: Connection, table: RawTable, measures: Sequence[Measure], schema: str
) -> list[str]:
    unequal = [found for found in measures if not found.is_trusted_equal]
    if not unequal:
        return []
    star = STAR[table.raw]
    name = f"{schema}.{star.name}"
    sides = {"raw": rounded_rows(table), name: star.rows(table, schema)}
    with transaction(publisher) as cursor:
        keys = differing_keys(cursor, table.raw_key, list(star.columns), sides, SHOWN_KEYS)
    figures = ", ".join(f"{m.name} is {m.raw - m.rounding:,} in raw and {m.trusted:,} there" for m in unequal)
    return [
        f"{name} differs from raw.{table.raw}: {figures}. {_named(keys)} Somebody wrote into the star, or a"
        f' model lost rows. To build it anew: make sql AS=admin Q="truncate {name}",'
        " then trigger the pipeline"
    ]


def _named(keys: Sequence[str]) -> str:
    return f"First keys: {', '.join(keys)}." if keys else "No key differs any more."


def _logged(comparison: Comparison) -> Comparison:
    verdict = "differs" if comparison.problems else "equal"
    log.info("raw.%s: %s, %s rows compared", comparison.table, verdict, f"{comparison.measures[0].raw:,}")
    return comparison


def _record(warehouse: Connection, compared: Sequence[Comparison], batch: Batch) -> None:
    with transaction(warehouse) as cursor:
        cursor.execute("delete from ops.reconciliations where batch_id = %s", (batch.batch_id,))
        execute_values(
            cursor,
            "insert into ops.reconciliations"
            " (batch_id, table_name, measure, source_value, raw_value, rounding, trusted_value) values %s",
            [
                (batch.batch_id, found.table, m.name, m.source, m.raw, m.rounding, m.trusted)
                for found in compared
                for m in found.measures
            ],
        )
