"""Build gold on a cluster: that of SPARK_MASTER, else one of processes, for as long as the build.

Run it as `LAKE=<folder> python -m lakehouse.spark build`; what follows are dbt's arguments.
"""

import os
import sys
import tempfile
from pathlib import Path

from lakehouse.spark.cluster import cluster
from lakehouse.spark.gold import run_dbt

if __name__ == "__main__":
    if "SPARK_MASTER" in os.environ:
        sys.exit(not run_dbt(os.environ, *sys.argv[1:]))
    with tempfile.TemporaryDirectory(prefix="streaming-spark-") as folder, cluster(Path(folder)) as running:
        sys.exit(not run_dbt({**os.environ, "SPARK_MASTER": running.master}, *sys.argv[1:]))
