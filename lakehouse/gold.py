"""Gold: the project's dbt models as Delta tables, by Sail, a Spark Connect server inside this process.

Data flow: Delta tables of LAKE/<schema>/<table> -> Sail's catalogue -> `dbt <arguments> --target lake` ->
Delta tables of LAKE/<schema>/<table>. What dbt calls raw is silver. Views are in the catalogue only, which
ends with the process: a build makes them anew, and one of some models must select the views before them, as
`+fct_viewing_sessions`.

Run dbt by hand as `LAKE=<folder or s3://> python -m lakehouse.gold build`; such a star is not published.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbt.cli.main import dbtRunner
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

from include.dbt import BUILD, project_options
from include.errors import PublicationError
from lakehouse import tested
from lakehouse.lake import Lake
from lakehouse.settings import DEFAULT

# What dbt writes of its work here; the pipeline's own has another place.
TARGET = DEFAULT.parent / "lake-dbt"
# dbt's schemas, and the folder of each.
FOLDERS = {"raw": "silver"} | {s: s for s in ("staging", "intermediate", "snapshots", "trusted_next")}
# Times are UTC in every table. A table without `using` is a Delta table, as the lists of dbt's own runs are.
SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.sources.default": "delta"}


def build_star(lake: Lake) -> None:
    """Build and test the star, and note that it may be published. Raises PublicationError where dbt fails."""
    # Sail reads the login from there.
    os.environ.update(lake.settings.storage)
    os.environ.setdefault("DBT_TARGET_PATH", str(TARGET))
    with tested.build(lake):
        if not run_dbt(lake.settings.root, *BUILD):
            raise PublicationError("Readers keep their star: dbt failed, and says above with what")


def run_dbt(lake: str, *arguments: str) -> bool:
    """Run dbt with these arguments on the tables of the lake; tell whether all went well.

    `lake` is a whole path, or s3:// with the login in AWS' variables.
    """
    with sail(lake):
        return dbtRunner().invoke([*arguments, *project_options(), "--target", "lake"]).success


@contextmanager
def sail(lake: str) -> Iterator[SparkSession]:
    """Run Sail during the block, with the lake's tables in its catalogue; yield dbt's session."""
    # Of its own steps it tells a page for each build.
    os.environ.setdefault("RUST_LOG", "error")
    server = SparkConnectServer()
    server.start(background=True)
    os.environ["SPARK_REMOTE"] = "sc://{}:{}".format(*server.listening_address)
    spark = SparkSession.builder.getOrCreate()
    try:
        for name, value in SETTINGS.items():
            spark.conf.set(name, value)
        for schema, folder in FOLDERS.items():
            _register(spark, lake, schema, folder)
        yield spark
    finally:
        spark.stop()
        server.stop()
        del os.environ["SPARK_REMOTE"]


def _register(spark: SparkSession, lake: str, schema: str, folder: str) -> None:
    """Tell the catalogue the tables of a folder: dbt keeps what it finds there."""
    spark.sql(f"create schema {schema} location '{lake}/{folder}'")
    for table in _tables(lake, folder):
        place = f"{lake}/{folder}/{table}"
        fields = spark.read.format("delta").load(place).schema
        columns = ", ".join(
            f"`{f.name}` {f.dataType.simpleString()}{'' if f.nullable else ' not null'}" for f in fields
        )
        spark.sql(f"create table {schema}.{table} ({columns}) using delta location '{place}'")


def _tables(lake: str, folder: str) -> list[str]:
    """Return the names of the Delta tables in a folder of the lake, which need not exist."""
    if "://" not in lake:
        Path(lake, folder).mkdir(parents=True, exist_ok=True)
    files = PyFileSystem(DeltaStorageHandler(lake))
    found = files.get_file_info(FileSelector(folder, allow_not_found=True))
    logs = files.get_file_info([f"{info.path}/_delta_log" for info in found])
    return sorted(info.path.split("/")[-2] for info in logs if info.type == FileType.Directory)


if __name__ == "__main__":
    sys.exit(not run_dbt(os.environ["LAKE"], *sys.argv[1:]))
