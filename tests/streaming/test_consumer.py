"""Messages in raw: each once, as it was sent, whatever comes twice or stops in between."""

import threading
import time
from contextlib import closing, suppress
from datetime import datetime, timedelta

import msgspec
import pytest

from include.embedded.processes import stop_process
from include.errors import InputError
from streaming.consumer.landing import NAMES
from streaming.consumer.loop import Loop
from streaming.sending import Record
from streaming.topics import DEAD_LETTERS, EVENTS
from streaming.warehouse import Warehouse
from tests.conftest import Platform
from tests.streaming.conftest import Broker, record, small_day
from tests.streaming.consuming import consumer, counts, wait_for
from tests.streaming.poison import POISON
from tests.streaming.reading import messages_of

STORED = f"select {NAMES} from raw.kafka_playback_events order by event_id, kafka_offset"


def test_every_event_is_loaded_as_it_was_sent(kafka: Broker, platform: Platform) -> None:
    events = small_day()
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.flush(60)
    with consumer(kafka, platform):
        wait_for(lambda: counts(platform)[0] >= len(events))
    stored = platform.query("elt_loader", STORED)
    assert len(stored) == len({row[:3] for row in stored}) == len(events)
    sent = sorted((tuple(vars_of(event)) for event in events), key=lambda row: row[0])
    assert [row[4:] for row in stored] == sent


def test_characters_that_mean_something_to_copy_are_kept(kafka: Broker, platform: Platform) -> None:
    strange = "tab\t line\n return\r back\\slash \\N ü 日本 𝄞"
    event = msgspec.structs.replace(small_day()[0], user_id=strange, content_id="\\", quality="\\.")
    sender = kafka.sender()
    sender.send(record(event))
    sender.flush(60)
    with consumer(kafka, platform):
        wait_for(lambda: counts(platform)[0] == 1)
    assert platform.query(
        "elt_loader", "select user_id, content_id, quality from raw.kafka_playback_events"
    ) == [(strange, "\\", "\\.")]


def test_messages_that_cannot_be_read_are_told_with_reason_and_place(
    kafka: Broker, platform: Platform
) -> None:
    good = small_day()[:50]
    bad = [case.message(event) for case, event in zip(POISON, good, strict=False)]
    sender = kafka.sender()
    for number, event in enumerate(good):
        sender.send(record(event))
        if number < len(bad):
            sender.send(Record(EVENTS, *bad[number]))
    sender.flush(60)
    with consumer(kafka, platform):
        wait_for(lambda: sum(counts(platform)) >= len(good) + len(POISON))
        letters = messages_of(kafka, DEAD_LETTERS, len(POISON))
    assert counts(platform) == (len(good), len(POISON))
    told = platform.query(
        "elt_loader",
        "select position, rule, concat_ws(' ', column_name, reason) from quarantine.rejected_rows"
        " where (stage, table_name, source_name) = ('stream', 'kafka_playback_events', 'playback-events')",
    )
    by_place = {}
    for letter in letters:
        headers = {name: value.decode() for name, value in letter.headers() if name.startswith("dead-letter")}
        assert headers["dead-letter-topic"] == EVENTS
        place = f"partition {headers['dead-letter-partition']}, offset {headers['dead-letter-offset']}"
        by_place[place] = (headers["dead-letter-rule"], headers["dead-letter-reason"])
    assert by_place == {position: (rule, reason) for position, rule, reason in told}
    assert sorted(rule for rule, _ in by_place.values()) == sorted(case.rule for case in POISON)
    assert sorted(letter.value() or b"" for letter in letters) == sorted(value or b"" for _, value, _ in bad)


def test_what_is_read_twice_is_stored_once(kafka: Broker, platform: Platform) -> None:
    events = small_day()[:500]
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.send(Record(EVENTS, *POISON[0].message(events[0])))
    sender.flush(60)
    with consumer(kafka, platform):
        wait_for(lambda: sum(counts(platform)) == len(events) + 1)
    kafka.forget_offsets()
    with consumer(kafka, platform):
        # The letter that comes again says that everything before it did.
        messages_of(kafka, DEAD_LETTERS, 2)
    assert counts(platform) == (len(events), 1)


def test_what_a_dying_consumer_has_not_landed_is_read_again(
    kafka: Broker, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = small_day()[:200]
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.flush(60)

    def die(*_: object) -> None:
        raise MemoryError("the machine lost its power")

    dying = Loop(kafka.config, Warehouse(platform.env), threading.Event())
    with monkeypatch.context() as patch:
        patch.setattr("streaming.consumer.loop.land", die)
        with pytest.raises(MemoryError):
            dying.run()
    with consumer(kafka, platform), suppress(AssertionError):
        wait_for(lambda: counts(platform)[0] == len(events), 10)
    assert counts(platform)[0] == len(events)


def test_how_far_it_is_stands_in_the_warehouse_with_the_rows(kafka: Broker, platform: Platform) -> None:
    events = small_day()[:500]
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.flush(60)
    with consumer(kafka, platform):
        wait_for(lambda: counts(platform)[0] == len(events))
    read = platform.query(
        "elt_loader", "select sum(next_offset), max(lag), max(newest_event_time) from ops.kafka_partitions"
    )
    assert read == [(len(events), 0, max(event.event_time for event in events))]
    assert sum(kafka.committed().values()) == len(events)


def test_partitions_in_which_nothing_comes_are_looked_at_while_kafka_answers(
    kafka: Broker, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streaming.consumer.loop.REPORT_SECONDS", 1)
    monkeypatch.setattr("streaming.consumer.loop.ANSWER_SECONDS", 1)
    events = small_day()[:200]
    sender = kafka.sender()
    for event in events:
        sender.send(record(event))
    sender.flush(60)

    def looked_at() -> datetime:
        return platform.query("elt_loader", "select min(read_at) from ops.kafka_partitions")[0][0]

    with consumer(kafka, platform):
        wait_for(lambda: counts(platform)[0] == len(events))
        loaded = platform.query("elt_loader", "select max(_loaded_at) from raw.kafka_playback_events")[0][0]
        wait_for(lambda: looked_at() > loaded + timedelta(seconds=2))
        stop_process(kafka.home / "kafka.pid")
        gone = looked_at()
        time.sleep(5)
        assert looked_at() - gone < timedelta(seconds=1)


def test_the_role_may_do_nothing_else(platform: Platform) -> None:
    rights = platform.query(
        "admin",
        "select table_schema || '.' || table_name, string_agg(privilege_type, ' ' order by privilege_type)"
        " from information_schema.role_table_grants where grantee = 'stream_loader' group by 1 order by 1",
    )
    assert rights == [
        ("ops.kafka_partitions", "INSERT SELECT UPDATE"),
        ("ops.viewing_windows", "INSERT SELECT UPDATE"),
        ("ops.viewing_windows_of_users", "INSERT SELECT UPDATE"),
        ("quarantine.rejected_rows", "INSERT SELECT UPDATE"),
        ("raw.kafka_playback_events", "INSERT SELECT"),
    ]


def vars_of(event: object) -> list[object]:
    return list(msgspec.structs.asdict(event).values())


@pytest.mark.parametrize(
    "nothing_there", ["drop table ops.kafka_partitions", "revoke usage on schema ops from stream_loader"]
)
def test_before_the_first_run_it_is_said_what_to_do(platform: Platform, nothing_there: str) -> None:
    with closing(platform.connect("admin")) as admin, admin, admin.cursor() as cursor:
        cursor.execute(nothing_there)
    with pytest.raises(InputError, match="Trigger one run of video_streaming_elt_pipeline"):
        Warehouse(platform.env).connection()
