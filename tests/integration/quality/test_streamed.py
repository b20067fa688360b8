"""Sessions that devices told of are those of the batch, until the batch corrects them."""

import csv
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import asdict, replace
from psycopg2.extras import execute_values

from cli.reconcile import print_last_run
from include import quality
from include.generate import ANCHOR, Size, write_files
from include.generate.world import World
from include.publish.schema_marker import NEXT
from include.quality import last_comparison
from include.quality.streamed import Streamed
from include.run import Batch
from streaming.events import PlaybackEvent
from streaming.producer.devices import day_of_events
from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY
from tests.pipeline import build_next, load_everything

SIZE, SEED = Size(users=200, titles=30, sessions=20_000), 7
COLUMNS = PlaybackEvent.__struct_fields__
INSERT = f"""
insert into raw.kafka_playback_events (topic, partition, kafka_offset, sent_at, {", ".join(COLUMNS)})
values %s
"""
WAITING = 5
READ = """
insert into ops.kafka_partitions (topic, partition, next_offset, end_offset, newest_event_time)
values ('playback-events', 0, %s, %s, %s)
on conflict (topic, partition) do update set
    next_offset = excluded.next_offset, end_offset = excluded.end_offset,
    newest_event_time = greatest(kafka_partitions.newest_event_time, excluded.newest_event_time)
"""
FRESHNESS = f"select complete_through, waiting_messages from {NEXT}.streaming_freshness"


class Days:
    """A product whose devices are heard, and whose batch comes a day at a time."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder, self.offset = platform, folder, 0
        self.ids: set[str] = set()

    def batch(self, number: int) -> Batch:
        return Batch(f"day {number}", ANCHOR + timedelta(days=number))

    def hear(self, events: Iterable[PlaybackEvent]) -> None:
        """Load events into raw, as the consumer does."""
        events = list(events)
        rows = [
            ("playback-events", 0, self.offset + place, event.event_time, *asdict(event).values())
            for place, event in enumerate(events)
        ]
        self.offset += len(rows)
        self.ids |= {event.session_id for event in events}
        connection = self.platform.connect("elt_loader")
        with connection, connection.cursor() as cursor:
            execute_values(cursor, INSERT, rows, page_size=10_000)
            newest = max(event.event_time for event in events)
            cursor.execute(READ, (self.offset, self.offset + WAITING, newest))
        connection.close()

    def events(self, number: int) -> list[PlaybackEvent]:
        """Return what devices report of the sessions of a day."""
        world = World(SEED, SIZE, self.batch(number).as_of)
        return [event for _, event in day_of_events(world, SEED)]

    def build(self, number: int, *options: str) -> Streamed | None:
        """Load the batch of a day, build the star, and compare."""
        batch, folder = self.batch(number), self.folder / str(number)
        folder.mkdir(exist_ok=True)
        write_files(folder, as_of=batch.as_of, seed=SEED, size=SIZE)
        load_everything(self.platform, folder, batch)
        done = build_next(self.platform, folder, *options, batch=batch)
        assert done.returncode == 0, done.stdout[-5000:]
        loader, publisher = (self.platform.connect(role) for role in ("elt_loader", "dbt_transformer"))
        quality.compare_streamed(publisher, loader, batch, NEXT)
        return last_comparison(loader, batch.batch_id)

    def in_the_batch(self, number: int) -> set[str]:
        """Return which of the sessions that were heard are in the file of a day."""
        with (self.folder / str(number) / "viewing_sessions.csv").open() as file:
            return {row["session_id"] for row in csv.DictReader(file)} & self.ids


@pytest.fixture(scope="module")
def days(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(warehouse, tmp_path_factory.mktemp("days"))


def test_a_batch_without_devices_is_compared_with_nothing(days):
    assert days.build(0) is None
    assert days.platform.query("dbt_transformer", FRESHNESS) == [(None, 0)]


def test_sessions_agree_with_the_batch_and_late_ones_are_missing_until_they_come(days):
    events = days.events(1)
    # Half of each session comes after the build, so that the next one adds to what it kept.
    days.hear(events[::2])
    first = days.build(1, *MODELS_ONLY)
    there = days.in_the_batch(1)
    assert (first.differ, first.missing) == (0, len(days.ids - there))
    assert first.agree + first.corrected + first.incomplete == len(there)
    days.hear(events[1::2])
    whole = days.build(1, *MODELS_ONLY)
    assert (whole.differ, whole.incomplete) == (0, 0)
    assert whole.agree + whole.corrected == len(there) > 10
    week = days.build(8)
    assert (week.differ, week.missing, week.incomplete) == (0, len(days.ids - days.in_the_batch(8)), 0)
    assert week.agree > week.corrected
    ((through, waiting),) = days.platform.query("dbt_transformer", FRESHNESS)
    assert waiting == 5
    assert through == max(event.event_time for event in events[::2]).replace(tzinfo=None) - timedelta(
        minutes=10
    )


def test_a_session_that_differs_is_told_by_make_reconcile(days, capsys):
    stop = next(event for event in days.events(1) if event.event_type == "stop" and event.position_ms < 10**6)
    days.hear([replace(stop, event_id="again", position_ms=stop.position_ms + 10 * 60_000)])
    found = days.build(9, *MODELS_ONLY)
    assert found.differ == 1
    loader = days.platform.connect("elt_loader")
    sources = {
        "source_postgres": days.platform.connect("elt_reader"),
        "source_mongo": days.platform.mongo("elt_reader"),
    }
    servers = quality.Servers(sources, loader, days.platform.connect("dbt_transformer"))
    quality.reconcile_sources(servers, days.batch(9), schema=NEXT)
    assert print_last_run(loader) == 1
    assert f"{found.agree:,} agree with the batch" in capsys.readouterr().out
