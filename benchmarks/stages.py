"""The stages of a pipeline run, called as the DAG's tasks call them, without Airflow."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass

from benchmarks import star
from benchmarks.servers import Servers
from include import publish
from include.dbt import (
    BATCH_VARIABLE,
    BUILD,
    CODE_VARIABLE,
    FULL_REFRESH,
    RAW_VARIABLE,
    code_checksum,
    needs_full_refresh,
    run_dbt,
)
from include.environment import connections
from include.extract_load import load_collection, load_table
from include.ops.load_runs import state_of_raw
from include.publish.schema_marker import NEXT, read_marker
from include.quality import Servers as Sides
from include.quality import reconcile_sources
from include.run import Batch, Run
from include.seed import prepare_files, seed_collection, seed_table
from include.settings import Settings
from include.tables import MONGO_COLLECTIONS, PLAYED_COLLECTIONS, PLAYED_TABLES, POSTGRES_TABLES

ROUNDS = 5
SLOWEST_NODES = 12


@dataclass(frozen=True)
class Day:
    """A run of the pipeline: its servers, the settings of what is generated, its batch."""

    where: Servers
    settings: Settings
    batch: Batch

    @property
    def run(self) -> Run:
        folder = self.settings.data_root / self.batch.as_of.isoformat()
        return Run(self.batch, folder=str(folder), dataset=self.settings.dataset)


# Does its work, and may return a remark.
Stage = Callable[[Day], str | None]


def generate(day: Day) -> None:
    """Write the three files of the day."""
    prepare_files(day.settings, day.batch.as_of)


def seed(day: Day) -> None:
    """Merge the files into the sources."""
    where = day.where
    with closing(where.connect("app")) as source, closing(where.connect("elt_loader")) as warehouse:
        for collection in PLAYED_COLLECTIONS:
            seed_collection(where.catalogue("app"), warehouse, collection, day.run)
        for table in PLAYED_TABLES:
            seed_table(source, warehouse, table, day.run)


def extract(day: Day) -> None:
    """Load the sources into raw, one after another."""
    where = day.where
    with closing(where.connect("elt_reader")) as source, closing(where.connect("elt_loader")) as warehouse:
        for table in POSTGRES_TABLES:
            load_table(source, warehouse, table, day.run)
        for collection in MONGO_COLLECTIONS:
            load_collection(where.catalogue("elt_reader"), warehouse, collection, day.run)


def build(day: Day) -> None:
    """Build and test the next star, from nothing where it is empty; print what took longest."""
    settings = connections(day.where.env) | {BATCH_VARIABLE: day.batch.batch_id} | _marks(day.where)
    with closing(day.where.connect("dbt_transformer")) as warehouse, warehouse.cursor() as cursor:
        refresh = [FULL_REFRESH] if needs_full_refresh(read_marker(cursor, NEXT)) else []
    target = run_dbt(*BUILD, *refresh, settings=settings, work_dir=day.where.home)
    results = json.loads((target / "run_results.json").read_text())["results"]
    slowest = sorted(results, key=lambda result: result["execution_time"], reverse=True)[:SLOWEST_NODES]
    for result in slowest:
        print(f"    {result['execution_time']:8.2f} s  {result['unique_id']}")


def reconcile(day: Day) -> None:
    """Compare all values of sources, raw and the next star."""
    with ExitStack() as stack:
        source, loader, publisher = (
            stack.enter_context(closing(day.where.connect(role)))
            for role in ("elt_reader", "elt_loader", "dbt_transformer")
        )
        sources = {"source_postgres": source, "source_mongo": day.where.catalogue("elt_reader")}
        reconcile_sources(Sides(sources, loader, publisher), day.batch, schema=NEXT)


def publish_star(day: Day) -> None:
    """Make the next star the one that readers see."""
    with closing(day.where.connect("dbt_transformer")) as warehouse:
        publish.publish(warehouse, day.batch)


def query(day: Day) -> str:
    """Send the queries of a report's page, several times; return how long the slowest takes."""
    return f"slowest {star.ask(day.where.env, ROUNDS):.0f} ms"


def _marks(where: Servers) -> Mapping[str, str]:
    """Return what dbt notes in the star's marker."""
    with closing(where.connect("elt_loader")) as loader, loader.cursor() as cursor:
        return {CODE_VARIABLE: code_checksum(), RAW_VARIABLE: state_of_raw(cursor)}


STAGES = {
    "generate": generate,
    "seed": seed,
    "extract": extract,
    "dbt build": build,
    "reconcile": reconcile,
    "publish": publish_star,
    "queries": query,
}
