"""Build the star on Spark, and write the rows of its tables as JSON. Run in .venv-spark.

Arguments: the file, the star's schema, and those of dbt.
"""

import json
import os
import sys
from pathlib import Path

from pyspark.sql import DataFrame

from lakehouse.spark.gold import dbt, session


def texts(table: DataFrame) -> list[dict[str, str | None]]:
    """Return the table's rows, values as Python writes them."""
    return [
        {name: None if value is None else str(value) for name, value in row.asDict().items()}
        for row in table.collect()
    ]


if __name__ == "__main__":
    file, schema, *arguments = sys.argv[1:]
    with session(os.environ) as spark:
        if not dbt(*arguments):
            sys.exit("dbt failed")
        names = [row.tableName for row in spark.sql(f"show tables in {schema}").collect()]
        rows = {name: texts(spark.table(f"{schema}.{name}")) for name in names}
    Path(file).write_text(json.dumps(rows))
