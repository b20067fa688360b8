"""What a player reports of a session, as columns: where, when, how much, how well.

Data flow: sessions, their starts -> a row for each event: start, a heartbeat for each minute, pause, stop.
A session of 2 minutes and 10 seconds without a pause: start 0:00, heartbeats 1:00 and 2:00, stop 2:10.
"""

from dataclasses import dataclass

import numpy as np

from include.generate.sessions import SessionDay
from include.generate.streams import Random

HEARTBEAT_MS = 60_000
START, HEARTBEAT, PAUSE, STOP = range(4)
TYPES = ("start", "heartbeat", "pause", "stop")
PAUSED, LONGEST_PAUSE_MS = 0.15, 20 * 60_000  # share of sessions
REBUFFERED, LONGEST_REBUFFERING_MS = 0.03, 8_000  # share of heartbeats
DROPPED = 0.02  # share of heartbeats that report a worse quality


@dataclass(frozen=True)
class Events:
    """Events of sessions as columns; `session` is an index, `number` counts within it, times are in ms."""

    session: np.ndarray
    number: np.ndarray
    kind: np.ndarray
    at: np.ndarray
    position: np.ndarray
    played: np.ndarray
    quality: np.ndarray
    drops: np.ndarray
    rebuffers: np.ndarray
    rebuffering: np.ndarray


def play(random: Random, sessions: SessionDay, lengths: np.ndarray, starts: np.ndarray) -> Events:
    """Play sessions that start at the given ms; `lengths` are their titles' minutes.

    Where a session ends, minutes and completion are those of its row in the batch.
    """
    end = sessions.tenths.astype(np.int64) * lengths * 60
    beats = np.maximum(-(-end // HEARTBEAT_MS) - 1, 0)
    pause_after = _draw_pauses(random, beats)
    paused = pause_after > 0
    counts = 2 + beats + paused
    session = np.repeat(np.arange(len(end)), counts)
    number = np.arange(len(session)) - np.repeat(np.cumsum(counts) - counts, counts)
    since_pause = number - (pause_after[session] + 1)
    is_pause = paused[session] & (since_pause == 0)
    is_after = paused[session] & (since_pause > 0)
    kind = np.select([number == 0, number == counts[session] - 1, is_pause], [START, STOP, PAUSE], HEARTBEAT)
    # Half a minute after the heartbeat before it.
    position = np.where(
        is_pause, number * HEARTBEAT_MS - HEARTBEAT_MS // 2, (number - is_after) * HEARTBEAT_MS
    )
    position = np.where(kind == STOP, end[session], position)
    is_beat = kind == HEARTBEAT
    rebuffers = (is_beat & (random.random(len(session)) < REBUFFERED)).astype(np.int64)
    rebuffering = rebuffers * random.integers(500, LONGEST_REBUFFERING_MS, len(session))
    level = sessions.quality[session]
    drops = (is_beat & (level > 0) & (random.random(len(session)) < DROPPED)).astype(np.int64)
    pauses = is_after * random.integers(60_000, LONGEST_PAUSE_MS, len(end))[session]
    return Events(
        session=session,
        number=number,
        kind=kind,
        at=starts[session] + position + pauses + _so_far(rebuffering, number),
        position=position,
        played=np.where(number == 0, 0, np.diff(position, prepend=0)),
        quality=level - drops,
        drops=drops,
        rebuffers=rebuffers,
        rebuffering=rebuffering,
    )


def _draw_pauses(random: Random, beats: np.ndarray) -> np.ndarray:
    """Draw after which heartbeat a viewer pauses; 0: never. The heartbeat after it is played whole."""
    after = 1 + (random.random(len(beats)) * (beats - 1)).astype(np.int64)
    return np.where((beats >= 2) & (random.random(len(beats)) < PAUSED), after, 0)


def _so_far(values: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return the running total within each session, whose first event has the number 0."""
    total = np.cumsum(values)
    first = np.flatnonzero(number == 0)
    before = total[first] - values[first]
    return total - np.repeat(before, np.diff(np.append(first, len(values))))
