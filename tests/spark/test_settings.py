"""What a session is told makes Spark as strict as PostgreSQL."""

import json
import subprocess

from include.environment import ROOT
from include.inherited import inherited
from tests.spark.cluster import JVM, PYTHON

# Each is refused by PostgreSQL.
MISFITS = {
    "a text as a number": "cast('12x' as int)",
    "a number that is too large": "cast(3000000000 as int)",
    "a number with too many digits": "cast(1000 as decimal(5, 2))",
    "a day that there is not": "cast('2024-02-30' as date)",
    "a division by zero": "1 / 0",
}
ASK = """
import json, os, sys
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from lakehouse.spark.java import java_variables
from lakehouse.spark.settings import SETTINGS

os.environ.update(java_variables())
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
for name, value in SETTINGS.items():
    # The catalogue is on the cluster.
    if name != "spark.sql.defaultCatalog":
        spark.conf.set(name, value)
taken = []
for name, misfit in json.loads(sys.argv[1]).items():
    try:
        spark.sql(f"select {misfit}").collect()
        taken.append(name)
    except PySparkException:
        pass
print(json.dumps(taken))
"""


def test_a_value_that_does_not_fit_its_type_is_an_error():
    done = subprocess.run(
        [PYTHON, "-c", ASK, json.dumps(MISFITS)],
        cwd=ROOT,
        env=inherited() | JVM,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == []
