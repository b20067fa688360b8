"""The assets before dbt: the warehouse's tables, the product that is played, and every raw table.

Data flow: generated files -> the product's own tables and collections -> raw. Sources that are somebody's own
are external: Dagster shows them, and nothing is written there.
"""

from collections.abc import Iterator

import dagster as dg

from dagster_project.days import DAYS, EACH_DAY, FRESH, RETRIES
from dagster_project.platform import JUDGED, Platform
from include import tasks
from include.specs import MongoCollection, PostgresTable
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES, SOURCES

GUARDS = "guards"
WHAT_GUARDS_HOLD = (
    "A load stops itself when most of the table would vanish, when too many rows cannot be loaded, or when"
    " rows were lost on the way. Nothing of it is kept"
)
WAREHOUSE = dg.AssetKey("warehouse")
Source = PostgresTable | MongoCollection


@dg.asset(
    key=WAREHOUSE,
    group_name="product",
    kinds={"postgres"},
    description="The schemas raw, quarantine and ops, with their tables.",
    partitions_def=DAYS,
    backfill_policy=EACH_DAY,
    retry_policy=RETRIES,
)
def warehouse(context: dg.AssetExecutionContext, platform: Platform) -> None:
    """Create the tables, or bring them up to date."""
    platform.run(context, tasks.create_postgres_tables, claims=False)


def key_of(source: Source) -> dg.AssetKey:
    """Return the key of a source, such as source_postgres/users."""
    return dg.AssetKey([source.server, source.name])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key_of(source),
            deps=[WAREHOUSE],
            group_name="product",
            kinds={"mongodb" if isinstance(source, MongoCollection) else "postgres"},
        )
        for source in (*PLAYED_TABLES, *PLAYED_COLLECTIONS)
    ],
    partitions_def=DAYS,
    backfill_policy=EACH_DAY,
    retry_policy=RETRIES,
)
def product(context: dg.AssetExecutionContext, platform: Platform) -> Iterator[dg.MaterializeResult]:
    """Play the product: seed both systems with the day's files, or with those of `data_dir`."""
    files = platform.run(context, tasks.generate_source_files)
    platform.run(context, tasks.create_mongodb_collections)
    tables = platform.run(context, tasks.load_csvs_to_postgres, files)
    collections = platform.run(context, tasks.load_json_to_mongodb, files)
    loads = [*tables, *collections]
    for source, load in zip((*PLAYED_TABLES, *PLAYED_COLLECTIONS), loads, strict=True):
        yield dg.MaterializeResult(asset_key=key_of(source), metadata=load | files)


def external_sources() -> list[dg.AssetSpec]:
    """Return the sources as assets that somebody else makes."""
    return [dg.AssetSpec(key_of(source), group_name="sources") for source in SOURCES]


def raw_assets(source: Source) -> dg.AssetsDefinition:
    """Return the raw tables that one source fills, and the check of what guards its load."""
    keys = {table.raw: dg.AssetKey(["raw", table.raw]) for table in source.raw_tables}
    is_collection = isinstance(source, MongoCollection)
    task = tasks.load_mongo_collection if is_collection else tasks.load_postgres_table

    @dg.multi_asset(
        name=f"load_{source.name}",
        specs=[
            # Where a guard stops the load, none of them is materialised.
            dg.AssetSpec(
                key,
                deps=[WAREHOUSE, key_of(source)],
                group_name="raw",
                kinds={"postgres", "table"},
                freshness_policy=FRESH,
                skippable=True,
            )
            for key in keys.values()
        ],
        check_specs=[
            dg.AssetCheckSpec(GUARDS, asset=key, blocking=True, description=WHAT_GUARDS_HOLD)
            for key in keys.values()
        ],
        partitions_def=DAYS,
        backfill_policy=EACH_DAY,
        retry_policy=RETRIES,
    )
    def load(context: dg.AssetExecutionContext, platform: Platform) -> Iterator:
        try:
            loads = platform.run(context, task, table=source.name)
        except JUDGED as error:
            for key in keys.values():
                yield dg.AssetCheckResult(
                    passed=False, asset_key=key, check_name=GUARDS, description=str(error)
                )
            return
        for numbers in loads:
            key = keys[numbers["table"]]
            metadata = {name: value for name, value in numbers.items() if value is not None}
            metadata |= platform.figures_of_raw(numbers["table"])
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)
            yield dg.AssetCheckResult(passed=True, asset_key=key, check_name=GUARDS)

    return load
