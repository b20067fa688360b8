"""Build the star on Spark, again and again in one session, and write the rows of its tables as JSON.

Run in .venv-spark with the file and the star's schema as arguments. Each line of the input is a JSON list of
arguments for dbt; after each a line says how dbt ended.
"""

import json
import os
import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from lakehouse.spark.gold import dbt, session, show_raw

WELL, BADLY = "dbt ended well", "dbt ended badly"


def rows(spark: SparkSession, schema: str) -> dict[str, list[dict[str, str | None]]]:
    """Return the rows of the schema's tables, values as Python writes them."""
    names = [row.tableName for row in spark.sql(f"show tables in {schema}").collect()]
    return {name: texts(spark.table(f"{schema}.{name}")) for name in names}


def texts(table: DataFrame) -> list[dict[str, str | None]]:
    return [
        {name: None if value is None else str(value) for name, value in row.asDict().items()}
        for row in table.collect()
    ]


if __name__ == "__main__":
    file, schema = sys.argv[1:]
    with session(os.environ) as spark:
        for line in sys.stdin:
            show_raw(spark, os.environ)
            is_well = dbt(*json.loads(line))
            if is_well:
                Path(file).write_text(json.dumps(rows(spark, schema)))
            print(WELL if is_well else BADLY, flush=True)
