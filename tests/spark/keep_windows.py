"""Keep windows of messages in files, until it is stopped: what streaming/windows/spark.py does of Kafka's.

Run in .venv-spark with the files' folder and the checkpoint's as arguments. A batch is a file.
"""

import os
import sys

from pyspark.sql import SparkSession

from include.environment import ROOT
from lakehouse.spark.java import java_variables
from streaming.windows.spark import SETTINGS, run, start

# The columns of Spark's Kafka source.
MESSAGES = """
key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int,
headers array<struct<key: string, value: binary>>
"""

if __name__ == "__main__":
    folder, checkpoint = sys.argv[1:]
    os.environ.update(java_variables())
    settings = {"spark.master": os.environ["SPARK_MASTER"], "spark.executorEnv.PYTHONPATH": str(ROOT)}
    spark = SparkSession.builder.config(map={**SETTINGS, **settings}).getOrCreate()
    messages = spark.readStream.schema(MESSAGES).option("maxFilesPerTrigger", 1).json(folder)
    run(start(messages, os.environ, checkpoint))
