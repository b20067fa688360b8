"""Gold on Apache Spark: the project's dbt models as Iceberg tables, built of raw as it stands in PostgreSQL.

Data flow: raw -> Spark's JDBC catalogue -> `dbt <arguments> --target spark` -> Iceberg tables below
LAKE/iceberg, whose names are in the schema `iceberg` of the warehouse. No load may run meanwhile:
statements of a model read raw one after the other.

Run it as `LAKE=<folder> SPARK_MASTER=spark://... python -m lakehouse.spark.gold build`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from include import libpq
from lakehouse.spark.java import java_variables
from lakehouse.spark.settings import CATALOGUE, SETTINGS, SPLIT, catalogues, started_with

PROJECT = Path(__file__).parents[2] / "dbt"
TABLES = "select table_name from information_schema.tables where table_schema = 'raw'"


def run_dbt(env: Mapping[str, str], *arguments: str) -> bool:
    """Run dbt with these arguments on a cluster; tell whether all went well."""
    with session(env):
        return dbt(*arguments)


def dbt(*arguments: str) -> bool:
    """Run dbt with these arguments in the session that is open; tell whether all went well."""
    options = ["--target", "spark", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    return dbtRunner().invoke([*arguments, *options]).success


@contextmanager
def session(env: Mapping[str, str]) -> Iterator[SparkSession]:
    """Open the session that dbt takes too, with raw and Iceberg's tables in it, during the block."""
    os.environ.update(java_variables())
    builder = SparkSession.builder
    for name, value in started_with(env).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        show_raw(spark, env)
        yield spark
    finally:
        spark.stop()


def show_raw(spark: SparkSession, env: Mapping[str, str]) -> None:
    """Let the session see raw as the tables of `raw` that are there now."""
    tables, bounds = _look_at_raw(env)
    for name, value in {**SETTINGS, **catalogues(env, bounds)}.items():
        spark.conf.set(name, value)
    spark.sql("create namespace if not exists raw")
    for table in tables:
        catalogue = f"pg_{table}" if table in bounds else "pg"
        spark.sql(f"create or replace view raw.{table} as select * from {catalogue}.raw.{table}")


def _look_at_raw(env: Mapping[str, str]) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """Return the tables of raw and the bounds of those that are split; make the catalogue's schema."""
    login = {"host": "WAREHOUSE_HOST", "port": "WAREHOUSE_PORT", "dbname": "WAREHOUSE_DB"}
    login |= {"user": "DBT_USER", "password": "DBT_PASSWORD"}
    warehouse = libpq.connect(**{name: env[variable] for name, variable in login.items()})
    with closing(warehouse), warehouse, warehouse.cursor() as cursor:
        cursor.execute(f"create schema if not exists {CATALOGUE}")
        cursor.execute(TABLES)
        tables = [table for (table,) in cursor.fetchall()]
        bounds = {}
        for table in SPLIT.keys() & set(tables):
            cursor.execute(f"select min({SPLIT[table]})::text, max({SPLIT[table]})::text from raw.{table}")
            least, greatest = cursor.fetchone()
            # Nothing to split.
            if least != greatest:
                bounds[table] = (least, greatest)
    return tables, bounds


if __name__ == "__main__":
    sys.exit(not run_dbt(os.environ, *sys.argv[1:]))
