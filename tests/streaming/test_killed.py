"""Consumers, windows, broker and warehouse, killed now and then: nothing is lost, nothing is doubled."""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from include import embedded, libpq
from include.logins import find_login
from include.schema.ddl import create_warehouse_tables
from streaming.events import UnreadableError, decode, refuse_misplaced
from streaming.sending import Record
from streaming.topics import DEAD_LETTERS, EVENTS
from tests.conftest import Platform
from tests.streaming.conftest import SEED, Broker, record, small_day
from tests.streaming.consuming import counts, wait_for
from tests.streaming.killing import KINDS, Victims
from tests.streaming.poison import POISON
from tests.streaming.reading import messages_of
from tests.streaming.recount import RECOUNT, STORED

COUNT = int(os.environ.get("EVENTS") or 20_000)
LETTERS = 1_000
# Each kind of victim so many times, between parts of the events.
ROUNDS = 2
SECONDS = max(120, COUNT / 500)
PLACES = "select partition, kafka_offset from raw.kafka_playback_events"
REFUSED = "select position from quarantine.rejected_rows where stage = 'stream'"


@pytest.fixture
def victims(kafka: Broker, tmp_path: Path) -> Iterator[Victims]:
    home = Path(tempfile.mkdtemp(prefix="streaming-killed-"))
    env = embedded.start(home, tmp_path / ".env")
    with closing(libpq.connect(**find_login("WAREHOUSE", "elt_loader").parameters(env))) as loader:
        create_warehouse_tables(loader)
    found = Victims(kafka, home, tmp_path, env, random.Random(SEED))
    try:
        yield found
    finally:
        for process in found.running:
            process.kill()
        embedded.reset(home)


def test_nothing_is_lost_and_nothing_doubled(kafka: Broker, victims: Victims) -> None:
    events = small_day(sessions=COUNT * 7)[:COUNT]
    assert len(events) == COUNT
    kinds = list(KINDS) * ROUNDS
    victims.chance.shuffle(kinds)
    sender, every, part = kafka.sender(), max(COUNT // LETTERS, 1), COUNT // (len(kinds) + 1) + 1
    victims.start()
    for number, event in enumerate(events):
        if number and number % part == 0:
            sender.flush(120)
            time.sleep(victims.chance.uniform(0, 3))
            victims.kill(kinds[number // part - 1])
        sender.send(record(event))
        if number % every == 0:
            sender.send(Record(EVENTS, *POISON[number // every % len(POISON)].message(event)))
    sender.flush(120)
    assert victims.killed == kinds

    good, bad = sorted_places(kafka, COUNT)
    warehouse = Platform(victims.env)
    wait_for(lambda: victims.tend() and sum(counts(warehouse)) >= len(good) + len(bad), SECONDS)
    stored = warehouse.query("elt_loader", PLACES)
    assert len(stored) == len(set(stored)) == len(good)
    assert set(stored) == set(good)
    assert {event.event_id for event in events} == set(good.values())
    assert {position for (position,) in warehouse.query("elt_loader", REFUSED)} == bad
    letters = messages_of(kafka, DEAD_LETTERS, len(bad))
    assert {place_of(dict(letter.headers())) for letter in letters} == bad
    assert all(dict(letter.headers())["dead-letter-reason"] for letter in letters)
    counted = warehouse.query("elt_loader", RECOUNT)
    wait_for(lambda: victims.tend() and warehouse.query("elt_loader", STORED) == counted, SECONDS)
    victims.stop()


def sorted_places(kafka: Broker, least: int) -> tuple[dict[tuple[int, int], str], set[str]]:
    """Return the event at each place of the topic, and the places of what is none."""
    good, bad = {}, set()
    for message in messages_of(kafka, EVENTS, least, SECONDS):
        place = (message.partition(), message.offset())
        try:
            event = decode(message.value(), message.headers())
            refuse_misplaced(event, message.key(), message.timestamp()[1])
            good[place] = event.event_id
        except UnreadableError:
            bad.add("partition {}, offset {}".format(*place))
    return good, bad


def place_of(headers: dict[str, bytes]) -> str:
    partition, offset = headers["dead-letter-partition"].decode(), headers["dead-letter-offset"].decode()
    return f"partition {partition}, offset {offset}"
