"""Gold: dbt's models as Delta tables, by Sail, a Spark Connect server that runs in this process.

Data flow: Delta tables of LAKE/<schema>/<table> -> Sail's catalogue -> `dbt build --target lake` -> Delta tables
of LAKE/<schema>/<table>. Silver is dbt's source `raw`.
"""

import os
import sys

from dbt.cli.main import dbtRunner
from deltalake import DeltaTable
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

