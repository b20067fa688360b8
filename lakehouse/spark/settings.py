"""What a Spark session is told, each setting with its reason."""

import tempfile
from collections.abc import Mapping

from lakehouse.spark.java import JARS

# Schema of the warehouse in which Iceberg keeps what its tables are.
CATALOGUE = "iceberg"
# Tables of raw that are read by several tasks at once, and the column by whose ranges: a date, without holes.
# Raw has no index by it: PostgreSQL scans the table for each range. More of them than cores are of no use.
SPLIT = {"postgres_viewing_sessions": "watch_date"}
READS = 8

# Dates and times of PostgreSQL come through java.sql, which has the time zone of its machine. Spark compiles
# code for each query: many builds in one session fill the 240 MB that Java has for it, and then a build ends.
JAVA_OPTIONS = "-Duser.timezone=UTC -XX:ReservedCodeCacheSize=512m"
# What a JVM is started with.
STARTED_WITH = {
    "spark.driver.extraJavaOptions": JAVA_OPTIONS,
    "spark.executor.extraJavaOptions": JAVA_OPTIONS,
    # Tables, views and their names are in Iceberg's catalogue; Spark's own one would need Hive.
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    # dbt makes schemas in Spark's own catalogue too: empty folders, which would be where the command began.
    "spark.sql.warehouse.dir": f"file:{tempfile.gettempdir()}/spark-warehouse",
    # Nobody looks at it, and it takes memory and a port.
    "spark.ui.enabled": "false",
}
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # What does not fit its type is an error, as on PostgreSQL, not null.
    "spark.sql.ansi.enabled": "true",
    # Joins and sums are cut into as many parts as may be needed; adaptive execution, on by default, makes
    # few of them where there are few rows, and splits one that is much larger than the others.
    "spark.sql.shuffle.partitions": "32",
    # A dimension of this size is sent to every executor: the fact is not shuffled to be joined with it.
    "spark.sql.autoBroadcastJoinThreshold": "64m",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "64m",
    "spark.sql.defaultCatalog": "lake",
}


def started_with(env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that a session must have from its start.

    Without SPARK_MASTER it has the master that spark-submit was given.
    """
    master = {"spark.master": env["SPARK_MASTER"]} if "SPARK_MASTER" in env else {}
    return master | {
        "spark.app.name": "video_streaming",
        "spark.jars": ",".join(map(str, JARS)),
        **STARTED_WITH,
    }


def catalogues(env: Mapping[str, str], bounds: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the settings of the catalogues: lake of Iceberg, pg for raw, one for each table that is split.

    `bounds` has the least and the greatest value of the split column of such a table.
    They are set when the session runs: whatever it is started with, its command line shows.
    """
    url = f"jdbc:postgresql://{env['WAREHOUSE_HOST']}:{env['WAREHOUSE_PORT']}/{env['WAREHOUSE_DB']}"
    lake = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        "type": "jdbc",
        "uri": f"{url}?currentSchema={CATALOGUE}",
        "jdbc.user": env["DBT_USER"],
        "jdbc.password": env["DBT_PASSWORD"],
        # The version that knows views.
        "jdbc.schema-version": "V1",
        "warehouse": f"{env['LAKE']}/iceberg",
    }
    raw = {
        "": "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog",
        "url": url,
        "user": env["DBT_USER"],
        "password": env["DBT_PASSWORD"],
        "driver": "org.postgresql.Driver",
        # Without it PostgreSQL's driver holds all rows of a read in memory.
        "fetchsize": "10000",
    }
    found = {"lake": lake, "pg": raw}
    for table, (least, greatest) in bounds.items():
        split = {"partitionColumn": SPLIT[table], "lowerBound": least, "upperBound": greatest}
        found[f"pg_{table}"] = raw | split | {"numPartitions": str(READS)}
    return {
        f"spark.sql.catalog.{name}.{key}".rstrip("."): value
        for name, options in found.items()
        for key, value in options.items()
    }
