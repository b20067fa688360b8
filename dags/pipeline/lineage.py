"""For OpenLineage: which tables a task reads and writes. Imported only where OPENLINEAGE_URL is set in .env.

Data flow: a task's id and arguments -> what sources.yml and dbt's manifest say -> datasets of its events.
Tables are named as OpenLineage does: the server, then database.schema.table.
"""

import json
from collections.abc import Iterable

from airflow.providers.openlineage.extractors import BaseExtractor, OperatorLineage
from openlineage.client.event_v2 import Dataset

from include.connections import place_of
from include.manifest import star_names
from include.publish.schema_marker import NEXT, TRUSTED
from include.settings import read_settings
from include.specs import MongoCollection
from include.tables import SOURCES_BY_NAME, raw_tables

WAREHOUSE = "warehouse"


class PipelineExtractor(BaseExtractor):
    """Tells the provider the tables of the pipeline's tasks; of any other task nothing."""

    @classmethod
    def get_operator_classnames(cls) -> list[str]:
        """Return the types of operators that the DAG is made of."""
        return ["_PythonDecoratedOperator", "DbtBuild"]

    def _execute_extraction(self) -> OperatorLineage:
        task = self.operator.task_id.rpartition(".")[2]
        if task in ("load_postgres_table", "load_mongo_collection"):
            return _of_extraction(self.operator.op_kwargs["table"])
        if task == "transform_with_dbt":
            return OperatorLineage(_warehouse("raw", raw_tables()), _warehouse(NEXT, _star()))
        if task == "publish_trusted":
            return OperatorLineage(_warehouse(NEXT, _star()), _warehouse(TRUSTED, _star()))
        return OperatorLineage()


def _of_extraction(name: str) -> OperatorLineage:
    """Return the source with this name, and the raw tables that it fills."""
    source = SOURCES_BY_NAME[name]
    server, database = place_of(source.server)
    is_collection = isinstance(source, MongoCollection)
    place = source.collection if is_collection else f"{source.schema}.{source.table}"
    read = Dataset(namespace=server, name=f"{database}.{place}")
    return OperatorLineage([read], _warehouse("raw", (table.raw for table in source.raw_tables)))


def _warehouse(schema: str, tables: Iterable[str]) -> list[Dataset]:
    server, database = place_of(WAREHOUSE)
    return [Dataset(namespace=server, name=f"{database}.{schema}.{table}") for table in tables]


def _star() -> list[str]:
    """Return the tables of the star by dbt's manifest; none before dbt wrote the first one."""
    manifest = read_settings().dbt_target / "manifest.json"
    return star_names(json.loads(manifest.read_text(encoding="utf-8"))) if manifest.exists() else []
