"""Windows in the warehouse: those of users as they come, and their sums. Written again, they are the same."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from streaming.windows.viewing import Viewing

# Two consumers add up the same window one after the other, or neither would see the other's users.
LOCK = "select pg_advisory_xact_lock(hashtext('ops.viewing_windows'))"
OF_USERS = """
insert into ops.viewing_windows_of_users (
    window_start, user_id, events, played_ms, quality_drops, rebuffers, rebuffer_ms
) values %s
on conflict (window_start, user_id) do update set
    events = excluded.events, played_ms = excluded.played_ms, quality_drops = excluded.quality_drops,
    rebuffers = excluded.rebuffers, rebuffer_ms = excluded.rebuffer_ms
"""
SUMS = """
insert into ops.viewing_windows (window_start, viewers, minutes, quality_drops, rebuffers, rebuffer_seconds)
select
    window_start, count(*), sum(played_ms) / 60000,
    sum(quality_drops), sum(rebuffers), sum(rebuffer_ms) / 1000
from ops.viewing_windows_of_users where window_start = any (%s) group by window_start
on conflict (window_start) do update set
    viewers = excluded.viewers, minutes = excluded.minutes, quality_drops = excluded.quality_drops,
    rebuffers = excluded.rebuffers, rebuffer_seconds = excluded.rebuffer_seconds,
    updated_at = clock_timestamp()
returning
    window_start, window_start + interval '5 minutes', viewers, minutes::float8, quality_drops, rebuffers,
    rebuffer_seconds::float8
"""
PAGE = 5_000


class Window(NamedTuple):
    """Five minutes of all users. Average concurrent viewers are minutes / 5."""

    window_start: datetime
    window_end: datetime
    viewers: int
    minutes: float
    quality_drops: int
    rebuffers: int
    rebuffer_seconds: float


def store(cursor: Cursor, viewings: Mapping[tuple[int, str], Viewing]) -> list[Window]:
    """Write windows of users, by start in ms and user, and return the sums that they change."""
    cursor.execute(LOCK)
    rows = [
        (_moment(start), user, len(sums["events"]), *_numbers(sums))
        for (start, user), sums in viewings.items()
    ]
    execute_values(cursor, OF_USERS, rows, page_size=PAGE)
    cursor.execute(SUMS, (sorted({row[0] for row in rows}),))
    return [Window(*row) for row in cursor.fetchall()]


def _numbers(sums: Viewing) -> tuple[int, ...]:
    return tuple(number for name, number in sums.items() if name != "events")


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
