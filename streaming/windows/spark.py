"""The same windows on a cluster, by Spark Structured Streaming.

Data flow: topic -> Spark's Kafka source -> events -> windows of each user -> ops.viewing_windows_of_users ->
ops.viewing_windows. `spark-submit --packages <Kafka's> streaming/windows/spark.py CHECKPOINT` runs it.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial, reduce
from itertools import islice

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from include import libpq
from include.transaction import transaction
from streaming.events import Headers, UnreadableError, decode, refuse_misplaced
from streaming.topics import EVENTS, PARTITIONS
from streaming.warehouse import CONNECT_SECONDS, LOGIN
from streaming.windows.tables import PAGE, store
from streaming.windows.viewing import LATENESS, LENGTH, STEP, Viewing, add, nothing

# Into so many parts the state of windows is split, for as long as a checkpoint is used; Spark's 200 make each
# batch slow.
SETTINGS = {"spark.sql.shuffle.partitions": str(PARTITIONS)}
ADDED = ("event_id", "played_ms", "quality_drops", "rebuffers", "rebuffer_ms")
EVENT = """
user_id string, time_ms long,
event_id string, played_ms long, quality_drops long, rebuffers long, rebuffer_ms long
"""


def topic(spark: SparkSession, env: Mapping[str, str]) -> DataFrame:
    """Return the events' messages as a stream; KAFKA_ variables are settings of Kafka's Java client."""
    given = {name.removeprefix("KAFKA_"): value for name, value in env.items() if name.startswith("KAFKA_")}
    settings = {f"kafka.{name.lower().replace('_', '.')}": value for name, value in given.items() if value}
    # Without a limit to a batch: partitions that are read one after the other would be late for each other.
    options = {"subscribe": EVENTS, "startingOffsets": "earliest", "includeHeaders": "true"}
    return spark.readStream.format("kafka").options(**settings, **options).load()


def windows_of_users(messages: DataFrame) -> DataFrame:
    """Return the events of each window and user: `start_ms`, `user_id`, `events`.

    Messages have the columns of Spark's Kafka source. What is no event, or misplaced, does not count.
    """
    event = F.udf(_event, EVENT)("key", "value", "headers", F.unix_millis("timestamp"))
    events = messages.select("offset", event.alias("event")).select("offset", "event.*")
    # Quix Streams, too, keeps no windows of before 1970. No message, no time: it goes as well.
    timed = events.where("time_ms >= 0").withColumn("event_time", F.timestamp_millis("time_ms"))
    window = F.window("event_time", _seconds(LENGTH), _seconds(STEP))
    grouped = timed.withWatermark("event_time", _seconds(LATENESS)).groupBy(window, "user_id")
    lists = grouped.agg(F.collect_list(F.struct("offset", *ADDED)).alias("events"))
    return lists.select(F.unix_millis("window.start").alias("start_ms"), "user_id", "events")


def start(messages: DataFrame, env: Mapping[str, str], checkpoint: str) -> StreamingQuery:
    """Begin to keep windows of the messages in the warehouse, where the checkpoint says how far they are.

    A batch that is written again after a crash is the same.
    """
    write = partial(_write, LOGIN.parameters(env))
    # Executors write, each its parts of the state.
    stream = windows_of_users(messages).writeStream.outputMode("update")
    stream = stream.foreachBatch(lambda batch, number: batch.foreachPartition(write))
    return stream.option("checkpointLocation", checkpoint).start()


def run(query: StreamingQuery) -> None:
    """Wait until it is stopped by SIGTERM or SIGINT. Raises StreamingQueryException where it fails."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set() and not query.awaitTermination(1):
        pass
    query.stop()


def _event(key: bytes, value: bytes, headers: Headers, sent_ms: int) -> tuple[object, ...] | None:
    """Return EVENT's columns of a message; None for one that is no event, or misplaced."""
    try:
        event = decode(value, headers)
        refuse_misplaced(event, key, sent_ms)
    except UnreadableError:
        return None
    time_ms = int(event.event_time.timestamp() * 1000)
    return event.user_id, time_ms, *(getattr(event, name) for name in ADDED)


def _write(login: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Write windows of users, a page after the other."""
    rows = iter(rows)
    with closing(libpq.connect(**login, connect_timeout=CONNECT_SECONDS)) as connection:
        while page := list(islice(rows, PAGE)):
            with transaction(connection) as cursor:
                store(cursor, {(row.start_ms, row.user_id): _added(row.events) for row in page})


def _added(events: Iterable[Row]) -> Viewing:
    """Return the sums of a window of a user, in the order of the topic."""
    return reduce(add, sorted(events, key=lambda event: event.offset), nothing())


def _seconds(length: timedelta) -> str:
    return f"{length // timedelta(seconds=1)} seconds"


if __name__ == "__main__":
    (folder,) = sys.argv[1:]
    session = SparkSession.builder.appName("viewing-windows").config(map=SETTINGS).getOrCreate()
    run(start(topic(session, os.environ), os.environ, folder))
