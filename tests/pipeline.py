"""The pipeline's steps without Airflow, on a test's databases: seed, extract, build, publish, checksum."""

import subprocess
import uuid
from contextlib import closing
from datetime import date
from pathlib import Path

from include.dbt import (
    BATCH_VARIABLE,
    CODE_VARIABLE,
    FULL_REFRESH,
    RAW_VARIABLE,
    code_checksum,
    needs_full_refresh,
)
from include.extract_load import load_collection, load_table
from include.ops.load_runs import state_of_raw
from include.publish import publish
from include.publish.schema_marker import NEXT, read_marker
from include.run import OWN_FILES, Batch, Run
from include.seed import seed_collection, seed_table
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES
from tests.conftest import Platform
from tests.warm_dbt import WarmDbt, start_dbt

STAMPS = {"_loaded_at", "_user_loaded_at"}


def load_everything(platform: Platform, folder: Path, batch: Batch, dataset: str = OWN_FILES) -> None:
    """Seed both sources from the folder's files and load them into raw."""
    run = Run(batch, folder=str(folder), dataset=dataset)
    app, reader, loader = (platform.connect(role) for role in ("app", "elt_reader", "elt_loader"))
    for table in POSTGRES_TABLES:
        seed_table(app, loader, table, run)
        load_table(reader, loader, table, run)
    for collection in MONGO_COLLECTIONS:
        seed_collection(platform.mongo("app"), loader, collection, run)
        load_collection(platform.mongo("elt_reader"), loader, collection, run)


def dbt_build(platform: Platform, target: Path, *options: str, batch: Batch | None = None) -> None:
    """Run `dbt build` and publish the star; fail with dbt's own words."""
    batch = batch or today(f"build {uuid.uuid4()}")
    done = build_next(platform, target, *options, batch=batch)
    assert done.returncode == 0, done.stdout[-5000:]
    publish(platform.connect("dbt_transformer"), batch)


def build_next(
    platform: Platform, target: Path, *options: str, batch: Batch
) -> subprocess.CompletedProcess[str]:
    """Run `dbt build` as the batch, into trusted_next."""
    process = start_build(platform, target, *options, batch=batch)
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def start_build(platform: Platform, target: Path, *options: str, batch: Batch) -> WarmDbt:
    """Start `dbt build` as the batch, into trusted_next."""
    variables = {
        BATCH_VARIABLE: batch.batch_id,
        CODE_VARIABLE: code_checksum(),
        RAW_VARIABLE: raw_state(platform) if batch.batch_id else "",
    }
    settings = platform.dbt_env() | variables
    options = (*options, *refresh_options(platform, options))
    return start_dbt("build", *options, settings=settings, work_dir=target)


def raw_state(platform: Platform) -> str:
    """Return the state of raw, as the DAG hands it to dbt."""
    with closing(platform.connect("elt_loader")) as warehouse, warehouse.cursor() as cursor:
        return state_of_raw(cursor)


def refresh_options(platform: Platform, options: tuple[str, ...]) -> list[str]:
    """Return what the DAG adds to a build of all models, where the next star was built by other code."""
    if {"--select", FULL_REFRESH} & set(options):
        return []
    with closing(platform.connect("dbt_transformer")) as warehouse, warehouse.cursor() as cursor:
        return [FULL_REFRESH] if needs_full_refresh(read_marker(cursor, NEXT)) else []


def trusted_checksums(
    platform: Platform, schema: str = "trusted", role: str = "dbt_transformer"
) -> dict[str, tuple[int, str]]:
    """Return rows and checksum of all in the star, but for load stamps and what tells of the warehouse."""
    tables = platform.query(
        role,
        "select table_name, string_agg(quote_ident(column_name), ',' order by ordinal_position)"
        " filter (where not column_name = any (%s))"
        " from information_schema.columns"
        " where table_schema = %s and not starts_with(table_name, 'data_') group by table_name",
        list(STAMPS),
        schema,
    )
    row = "md5(row({columns})::text)"
    query = (
        f"select count(*), coalesce(md5(string_agg({row}, '' order by {row})), '') from {schema}.{{table}}"
    )
    return {
        table: platform.query(role, query.format(table=table, columns=columns))[0]
        for table, columns in tables
    }


def today(batch_id: str) -> Batch:
    """Return a batch of a fixed day: tests never depend on the clock."""
    return Batch(batch_id, date(2024, 9, 1))
