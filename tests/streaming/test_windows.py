"""Windows of viewing: what SQL counts over the events, also when they come late or twice."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from quixstreams.state.exceptions import InvalidStoreChangelogOffset

from include.errors import TransientError
from streaming.events import PlaybackEvent
from streaming.sending import Record
from streaming.topics import EVENTS, METRICS
from streaming.warehouse import Warehouse
from streaming.windows.application import build, run
from streaming.windows.sink import WindowsSink
from streaming.windows.viewing import LATENESS
from tests.conftest import Platform
from tests.streaming.conftest import DAY, Broker, record, small_day
from tests.streaming.consuming import consumer, counts, wait_for
from tests.streaming.poison import POISON
from tests.streaming.reading import messages_of
from tests.streaming.recount import RECOUNT, STORED

# Nothing new for so long: it has read everything.
QUIET_SECONDS = 6
MINUTE = timedelta(minutes=1)


def run_windows(kafka: Broker, platform: Platform, state: Path) -> None:
    sink = WindowsSink(Warehouse(platform.env), kafka.sender())
    build(kafka.config, sink, state).run(timeout=QUIET_SECONDS)


def send(kafka: Broker, events: list[PlaybackEvent]) -> None:
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.flush(60)


def send_poison(kafka: Broker, events: list[PlaybackEvent]) -> None:
    sender = kafka.sender()
    for case, event in zip(POISON, events, strict=False):
        sender.send(Record(EVENTS, *case.message(replace(event, event_id="poison"))))
    sender.flush(60)


def test_windows_are_what_sql_counts(kafka: Broker, platform: Platform, tmp_path: Path) -> None:
    events = small_day()
    assert len({event.event_id for event in events}) < len(events)
    send(kafka, events)
    send_poison(kafka, events)
    with consumer(kafka, platform):
        run_windows(kafka, platform, tmp_path)
        wait_for(lambda: counts(platform)[0] == len(events))
    stored = platform.query("elt_loader", STORED)
    assert stored == platform.query("elt_loader", RECOUNT)
    assert len(stored) > 500
    told = {
        message.key().decode(): msgspec.json.decode(message.value())
        for message in messages_of(kafka, METRICS, 1)
    }
    assert {start: (one["viewers"], one["minutes"]) for start, one in told.items()} == {
        row[0].isoformat(): (row[1], float(row[2])) for row in stored
    }


def test_windows_are_of_the_time_of_events_not_of_their_arrival(
    kafka: Broker, platform: Platform, tmp_path: Path
) -> None:
    events = small_day()[:3]
    send(kafka, events)
    run_windows(kafka, platform, tmp_path)
    days = "select distinct (window_start at time zone 'UTC')::date from ops.viewing_windows"
    assert {day for (day,) in platform.query("elt_loader", days)} == {DAY}


def test_late_events_correct_their_windows(kafka: Broker, platform: Platform, tmp_path: Path) -> None:
    first = small_day()[0]
    late = replace(first, event_id="late", event_time=first.event_time + MINUTE, played_ms=60_000)
    newest = replace(first, event_id="newest", event_time=late.event_time + LATENESS)
    send(kafka, [first, newest])
    run_windows(kafka, platform, tmp_path)
    before = platform.query("elt_loader", STORED)
    send(kafka, [late, late])
    run_windows(kafka, platform, tmp_path)
    after = platform.query("elt_loader", STORED)
    assert sum(row[2] for row in after) == sum(row[2] for row in before) + 5


def test_an_event_after_its_windows_are_closed_is_told(
    kafka: Broker, platform: Platform, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = small_day()[0]
    newest = replace(first, event_id="newest", event_time=first.event_time + LATENESS + 6 * MINUTE)
    send(kafka, [newest, first])
    run_windows(kafka, platform, tmp_path)
    assert len(platform.query("elt_loader", STORED)) == 5
    assert f"Event {first.event_id} comes" in caplog.text


def test_state_comes_back_from_its_topic(kafka: Broker, platform: Platform, tmp_path: Path) -> None:
    first = small_day()[0]
    send(kafka, [first])
    run_windows(kafka, platform, tmp_path / "lost")
    send(kafka, [replace(first, event_id="another", played_ms=60_000)])
    run_windows(kafka, platform, tmp_path / "new")
    assert {row[1:3] for row in platform.query("elt_loader", STORED)} == {(1, 1)}
    assert platform.query("elt_loader", "select distinct events from ops.viewing_windows_of_users") == [(2,)]


class Refusing:
    """Stands for an application whose state is ahead of its topic: no broker loses that on demand."""

    is_cleared = False

    def run(self) -> None:
        raise InvalidStoreChangelogOffset

    def clear_state(self) -> None:
        self.is_cleared = True


def test_state_that_kafka_has_lost_is_forgotten() -> None:
    app = Refusing()
    with pytest.raises(TransientError, match="start again"):
        run(app)
    assert app.is_cleared
