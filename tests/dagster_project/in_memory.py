"""Resources that work on nothing but memory: tasks that answer, and a dbt that builds every node."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from dagster_project.platform import COUNT, Platform, told
from dagster_project.star import in_order
from include.tables import PLAYED_COLLECTIONS, PLAYED_TABLES, SOURCES_BY_NAME

# What tasks answer where a test says nothing else.
ANSWERS: dict[str, Any] = {
    "create_postgres_tables": None,
    "create_mongodb_collections": None,
    "generate_source_files": {"folder": "data/2024-09-02", "dataset": "generated"},
    "load_csvs_to_postgres": [{"table": table.name, "read": 9} for table in PLAYED_TABLES],
    "load_json_to_mongodb": [{"table": one.name, "read": 9} for one in PLAYED_COLLECTIONS],
    "reconcile_sources": [{"table": "postgres_users", "rows": 9}],
    "check_data_quality": "publish_trusted",
    "publish_trusted": {"action": "publish", "version": 1, "row_counts": {"dim_users": 9}, "as_of": None},
}


class InMemoryPlatform(Platform):
    """A platform whose tasks answer what `answers` says; an error among them is raised."""

    def run(self, context: Any, task: Callable, *_: Any, claims: bool = True, **named: Any) -> Any:
        name = task.__name__
        place = f"{name} {named['table']}" if "table" in named else name
        with told():
            if isinstance(answer := planted.get(place, planted.get(name)), Exception):
                raise answer
            if answer is not None:
                return answer
            return _loads(named["table"]) if "table" in named else ANSWERS[name]

    @contextmanager
    def at_work(self, context: Any) -> Iterator[None]:
        yield

    def star_to_keep(self) -> None:
        return planted.get("star_to_keep")

    def told_to_dbt(self, context: Any) -> tuple[dict[str, str], list[str]]:
        return {}, []

    def figures_of_raw(self, table: str) -> dict[str, Any]:
        return {COUNT: 9, "checksum": f"of {table}"}

    def figures_of_model(self, schema: str, table: str) -> dict[str, Any]:
        return {COUNT: 9, "checksum": f"of {table}"}

    def plan_page(self, batch_id: str) -> str:
        return f"The plan of {batch_id}"

    def report(self, context: Any) -> None:
        pass

    def release(self, context: Any) -> None:
        pass


# What the next run meets: the answer or the error of a task, by its name and table.
planted: dict[str, Any] = {}


def _loads(source: str) -> list[dict[str, Any]]:
    return [
        {"table": table.raw, "read": 9, "source_rows": None} for table in SOURCES_BY_NAME[source].raw_tables
    ]


class InMemoryDbt(dg.ConfigurableResource):
    """A dbt that builds every node but those downstream of `fails`, a check as trusted/dim_users:name."""

    fails: str = ""

    def cli(self, _: list[str], context: dg.AssetExecutionContext, **__: Any) -> "Invocation":
        return Invocation(context, self.fails)


class Invocation:
    """One build."""

    def __init__(self, context: dg.AssetExecutionContext, fails: str) -> None:
        self.context, self.fails = context, fails

    def stream(self) -> Iterator[Any]:
        """Yield what dagster-dbt yields; raise what it raises where a test failed."""
        asset, _, name = self.fails.partition(":")
        deps, skipped = self.context.assets_def.asset_deps, set()
        for key in in_order(self.context):
            if any(read in skipped or read.to_user_string() == asset for read in deps[key]):
                skipped.add(key)
                continue
            unique_id = self.context.assets_def.metadata_by_key[key]["dagster_dbt/unique_id"]
            yield dg.Output(None, output_name=key.to_python_identifier(), metadata={"unique_id": unique_id})
        if asset:
            key = dg.AssetKey.from_user_string(asset)
            yield dg.AssetCheckResult(passed=False, asset_key=key, check_name=name)
            raise DagsterDbtCliRuntimeError(f"dbt failed: {name} found 1 row")
