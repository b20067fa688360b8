"""Events a second from Kafka into raw, against COPY of the same rows into a table with the same key.

.venv-streaming/bin/python -m benchmarks.streaming: SIZE=500000 events, ROUNDS=3. The broker is librdkafka's
mock cluster, in memory, so that what is measured is the consumer and the warehouse.
"""

import io
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date

from confluent_kafka.admin import AdminClient

from benchmarks.measuring import asked, say
from benchmarks.servers import Cost, Servers, median, servers
from include.generate import Size
from include.generate.world import World
from streaming.consumer.batches import copy_line
from streaming.consumer.landing import NAMES, TABLE
from streaming.consumer.loop import Loop
from streaming.events import HEADERS, PlaybackEvent, checked
from streaming.producer.devices import day_of_events
from streaming.sending import Record, Sender
from streaming.topics import EVENTS
from streaming.warehouse import Warehouse

READ = "select coalesce(sum(next_offset), 0) from ops.kafka_partitions"


def main() -> None:
    """Measure in turns, and print the ratio of the medians: of the clock, and of processors."""
    size, rounds = asked("SIZE", 500_000), asked("ROUNDS", 3)
    events = list(itertools.islice(itertools.cycle(_day()), size))
    lines = "".join(copy_line(EVENTS, 0, offset, 0, event) for offset, event in enumerate(events))
    streamed, copied = [], []
    for _ in range(rounds):
        with servers() as running, _broker() as kafka:
            _send(kafka, events)
            streamed.append(_stream(kafka, running, size))
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


def _stream(kafka: dict[str, object], running: Servers, size: int) -> Cost:
    """Return what all rows cost at the pace of those after the first batch: until then the group forms."""
    stop = threading.Event()
    thread = threading.Thread(target=Loop(kafka, Warehouse(running.env), stop).run)
    running.checkpoint()
    thread.start()
    first = _wait_for(running, 1)
    with running.cost() as cost:
        _wait_for(running, size)
    stop.set()
    thread.join()
    share = (size - first) / size
    return Cost(cost.clock / share, cost.processor / share)


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
