"""Whether what devices report is read in time, as the warehouse tells; Kafka is not asked.

Data flow: ops.kafka_partitions, ops.viewing_windows, raw -> a sentence for each limit that is exceeded ->
StreamBehindError with all of them. Here are also the task that watches, and what skips it.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.connections import postgres
from include.errors import StreamBehindError
from include.failures import explained
from include.settings import LATENESS, StreamLimits, read_settings
from include.transaction import transaction

log = logging.getLogger(__name__)

# Complete through when: as in dbt/models/streaming/streaming_freshness.sql.
PARTITIONS = """
select
    topic, partition, lag, read_at,
    case when lag = 0 then read_at else newest_event_time end - %s as complete_through,
    now() as asked_at
from ops.kafka_partitions
"""
WINDOWS = "select max(updated_at) from ops.viewing_windows"
LOADED = "select max(_loaded_at) from raw.kafka_playback_events where _loaded_at > %s"
WHAT_TO_DO = "See that consumers and windows run, and start what does not: docs/streaming.md#watched"


class Partition(NamedTuple):
    """How far a partition was read when the warehouse was asked; its time of completeness is None where
    nothing but messages that cannot be read has come, and others wait."""

    topic: str
    number: int
    lag: int
    read_at: datetime
    complete_through: datetime | None
    asked_at: datetime

    def __str__(self) -> str:
        return f"partition {self.number} of {self.topic}"


@explained
def hears_nothing(_: object) -> tuple[bool, str]:
    """Tell whether there is nothing to watch, and why."""
    with postgres("warehouse", readonly=True) as warehouse, transaction(warehouse) as cursor:
        cursor.execute("select to_regclass('ops.kafka_partitions')")
        is_there = cursor.fetchone() != (None,)
        return not (is_there and _partitions(cursor)), "No event ever came through Kafka: nothing to watch"


@explained
def check_streaming(**_: object) -> dict[str, object]:
    """Compare lag and delay of what devices report with their limits; return how far events are read."""
    with postgres("warehouse", readonly=True) as warehouse:
        return refuse_stream_behind(warehouse, read_settings().stream)


def refuse_stream_behind(warehouse: Connection, limits: StreamLimits) -> dict[str, object]:
    """Return how many messages wait, and through when events are complete; `warehouse` only reads.

    Raises StreamBehindError where a limit is exceeded.
    """
    with transaction(warehouse) as cursor:
        partitions = _partitions(cursor)
        faults = [*_of_partitions(partitions, limits), *_of_windows(cursor, limits)]
    if faults:
        raise StreamBehindError(f"{'; '.join(faults)}. {WHAT_TO_DO}")
    through = min((each.complete_through for each in partitions if each.complete_through), default=None)
    return {
        "waiting_messages": sum(each.lag for each in partitions),
        "complete_through": through and through.isoformat(),
    }


def _partitions(cursor: Cursor) -> list[Partition]:
    cursor.execute(PARTITIONS, (LATENESS,))
    return [Partition(*row) for row in cursor.fetchall()]


def _of_partitions(partitions: Sequence[Partition], limits: StreamLimits) -> Iterator[str]:
    """Yield what is wrong with reading; of several partitions the worst is named."""
    most = max(partitions, key=lambda each: each.lag, default=None)
    if most and most.lag > limits.lag:
        yield f"{most.lag:,} messages of {most} wait (STREAM_MAX_LAG={limits.lag})"
    last = max(partitions, key=lambda each: each.read_at, default=None)
    if last and (unread := last.asked_at - last.read_at) > limits.unread:
        since = f"{_moment(last.read_at)}, {_seconds(unread)} s ago"
        yield f"nobody has read {last.topic} since {since} ({limits})"
        # That nothing is complete since then goes without saying.
        return
    dated = [each for each in partitions if each.complete_through]
    first = min(dated, key=lambda each: each.complete_through, default=None)
    if first and (delay := first.asked_at - first.complete_through) > limits.delay:
        yield (
            f"{first} is late: events are complete through {_moment(first.complete_through)},"
            f" {_seconds(delay)} s ago ({limits})"
        )


def _of_windows(cursor: Cursor, limits: StreamLimits) -> Iterator[str]:
    """Yield that windows stand still, if raw has events that are much newer. Not everybody keeps windows."""
    cursor.execute(WINDOWS)
    (written,) = cursor.fetchone()
    if written is None:
        return
    cursor.execute(LOADED, (written + limits.unread,))
    (loaded,) = cursor.fetchone()
    if loaded is not None:
        yield (
            f"windows stand still since {_moment(written)}, and raw has events that came"
            f" {_seconds(loaded - written)} s later ({limits})"
        )


def _moment(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _seconds(span: timedelta) -> str:
    return f"{span // timedelta(seconds=1):,}"
