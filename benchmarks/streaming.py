"""Events a second from Kafka into raw, against COPY of the same rows into a table with the same key.

.venv-streaming/bin/python -m benchmarks.streaming: SIZE=1000000 events, ROUNDS=3, CONSUMERS=2 processes in
a group. The broker is librdkafka's mock cluster, in memory: what is measured is consumers and warehouse.
"""

import io
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date

import psutil
from confluent_kafka.admin import AdminClient

from benchmarks.measuring import asked, say
from benchmarks.servers import Cost, Servers, median, servers
from include.environment import ROOT
from include.generate import Size
from include.generate.world import World
from include.inherited import inherited
from streaming.consumer.batches import copy_line
from streaming.consumer.landing import NAMES, TABLE
from streaming.events import HEADERS, PlaybackEvent, checked
from streaming.producer.devices import day_of_events
from streaming.sending import Record, Sender
from streaming.topics import EVENTS

READ = "select coalesce(sum(next_offset), 0) from ops.kafka_partitions"


def main() -> None:
    """Measure in turns, and print the ratio of the medians: of the clock, and of processors."""
    size, rounds, consumers = asked("SIZE", 1_000_000), asked("ROUNDS", 3), asked("CONSUMERS", 2)
    events = list(itertools.islice(itertools.cycle(_day()), size))
    lines = "".join(copy_line(EVENTS, 0, offset, 0, event) for offset, event in enumerate(events))
    streamed, copied = [], []
    for _ in range(rounds):
        with servers() as running, _broker() as kafka:
            _send(kafka, events)
            streamed.append(_stream(kafka, running, size, consumers))
            say("Kafka into raw", streamed[-1].clock, size, streamed[-1].remark())
            copied.append(_copy(running, lines))
            say("COPY alone", copied[-1].clock, size, copied[-1].remark())
    ratio = median(streamed).of(median(copied))
    print(f"Kafka into raw is {ratio.clock:.2f} times COPY by the clock, {ratio.processor:.2f} by processors")


def _day() -> list[PlaybackEvent]:
    world = World(42, Size(users=2_000, sessions=120_000), date(2024, 9, 1))
    return [event for _, event in day_of_events(world, 42)]


@contextmanager
def _broker() -> Iterator[dict[str, object]]:
    """Run a mock cluster, which lives as long as its client."""
    cluster = AdminClient({"test.mock.num.brokers": 1})
    (broker,) = cluster.list_topics(timeout=10).brokers.values()
    yield {"bootstrap.servers": f"{broker.host}:{broker.port}", "log_level": 0}
    del cluster


def _send(kafka: dict[str, object], events: list[PlaybackEvent]) -> None:
    sender = Sender(kafka)
    for event in events:
        sender.send(Record(EVENTS, event.user_id.encode(), checked(event), HEADERS))
    sender.flush(300)


def _stream(kafka: dict[str, object], running: Servers, size: int, consumers: int) -> Cost:
    """Return what all rows cost at the pace of those that come when each consumer has its partitions."""
    running.checkpoint()
    with _consumers(kafka, running, consumers) as processes:
        first = _wait_for(running, size // 5)
        used = _seconds(processes)
        with running.cost() as cost:
            _wait_for(running, size)
        used = _seconds(processes) - used
    share = (size - first) / size
    return Cost(cost.clock / share, (cost.processor + used) / share)


@contextmanager
def _consumers(kafka: dict[str, object], running: Servers, count: int) -> Iterator[list[psutil.Process]]:
    """Run so many consumers in a group during the block."""
    servers = {"KAFKA_BOOTSTRAP_SERVERS": str(kafka["bootstrap.servers"])}
    env = {**inherited(), **running.env, **servers}
    command = [sys.executable, "-m", "streaming", "consume"]
    # What they tell of themselves would stand between the lines.
    started = [subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _seconds(processes: list[psutil.Process]) -> float:
    """Return what the processes have used of processors."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _wait_for(running: Servers, rows: int) -> int:
    while (read := int(running.run("elt_loader", READ)[0][0])) < rows:
        time.sleep(0.1)
    return read


def _copy(running: Servers, lines: str) -> Cost:
    running.run("elt_loader", f"create table raw.copied (like raw.{TABLE} including all)")
    running.checkpoint()
    with (
        running.cost() as cost,
        closing(running.connect("elt_loader")) as loader,
        loader,
        loader.cursor() as cursor,
    ):
        cursor.copy_expert(f"copy raw.copied ({NAMES}) from stdin", io.StringIO(lines))
    return cost


if __name__ == "__main__":
    main()
