"""A world's devices: the events of its last day, or of this hour and the next ones, as they arrive."""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import numpy as np

from include.generate.rows import user_id
from include.generate.sessions import QUALITIES, SessionDay
from include.generate.streams import stream
from include.generate.timeline import date_of
from include.generate.users import DEVICES
from include.generate.world import World
from streaming.events import PlaybackEvent
from streaming.producer.arrivals import arrivals
from streaming.producer.plays import TYPES, play
from streaming.producer.sessions import last_sessions, sessions_of

DAY_MS = 24 * 3_600_000
EVENING = 21 / 24
AT_ONCE = 10_000
# Before now, so that an hour is there to be looked at from the beginning.
HOUR_MS = 3_600_000
Arrival = tuple[int, PlaybackEvent]


def day_of_events(world: World, seed: int) -> Iterator[Arrival]:
    """Yield the events of the sessions of the world's last day, and when each arrives, in ms since 1970.

    The same world and seed give the same events.
    """
    sessions = sessions_of(world)
    day = datetime.combine(date_of(world.today), time(), UTC).timestamp() * 1000
    random = stream(seed, "starts", world.today)
    starts = day + random.triangular(0, EVENING * DAY_MS, DAY_MS - 1, len(sessions.number))
    yield from _arriving(world, seed, sessions, starts.astype(np.int64))


def events_from_now(world: World, seed: int, rate: float, minutes: float, now: datetime) -> Iterator[Arrival]:
    """Yield so many events a second for so many minutes, and before them those of the hour before now.

    Their sessions are the world's last ones.
    """
    length = HOUR_MS + minutes * 60_000
    # Of a session come as many events as it has minutes, and a start.
    per_session = 1 + world.catalogue.minutes.mean() * 0.6
    count = int(length / 1000 * rate / per_session)
    sessions = last_sessions(world, count)
    starts = now.timestamp() * 1000 - HOUR_MS + np.arange(len(sessions.number)) * (per_session * 1000 / rate)
    until = now.timestamp() * 1000 + minutes * 60_000
    for at, event in _arriving(world, seed, sessions, starts.astype(np.int64)):
        if at > until:
            return
        yield at, event


def _arriving(world: World, seed: int, sessions: SessionDay, starts: np.ndarray) -> Iterator[Arrival]:
    random = stream(seed, "players", world.today)
    lengths = world.catalogue.minutes[sessions.title]
    events = play(random, sessions, lengths, starts)
    indexes, times = arrivals(random, events)
    ids = [f"S{number:06d}" for number in sessions.number.tolist()]
    users = [user_id(index) for index in sessions.user.tolist()]
    titles = [world.catalogue.ids[index] for index in sessions.title.tolist()]
    screens, minutes = sessions.device.tolist(), (lengths * 60_000).tolist()
    for first in range(0, len(indexes), AT_ONCE):
        chosen = indexes[first : first + AT_ONCE]
        columns = (column[chosen].tolist() for column in vars(events).values())
        for at, row in zip(times[first : first + AT_ONCE].tolist(), zip(*columns, strict=True), strict=True):
            session, number, kind, when, position, played, quality, drops, rebuffers, rebuffering = row
            yield (
                at,
                PlaybackEvent(
                    event_id=f"{ids[session]}-{number}",
                    session_id=ids[session],
                    user_id=users[session],
                    content_id=titles[session],
                    event_type=TYPES[kind],
                    event_time=datetime.fromtimestamp(when / 1000, UTC),
                    position_ms=position,
                    length_ms=minutes[session],
                    played_ms=played,
                    quality=QUALITIES[quality],
                    device_type=DEVICES[screens[session]],
                    quality_drops=drops,
                    rebuffers=rebuffers,
                    rebuffer_ms=rebuffering,
                ),
            )
