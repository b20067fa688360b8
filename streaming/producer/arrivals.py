"""When events arrive: late, out of order, and some of them twice, as in life."""

import numpy as np

from include.generate.streams import Random
from streaming.producer.plays import Events

NETWORK_MS = 2_000
LATE, MOST_LATE_MS = 0.01, 8 * 60_000  # share of events
TWICE, MOST_BETWEEN_MS = 0.005, 30_000


def arrivals(random: Random, events: Events) -> tuple[np.ndarray, np.ndarray]:
    """Return the events as they arrive: their indexes, some of them twice, and the times in ms."""
    count = len(events.at)
    late = (random.random(count) < LATE) * random.integers(0, MOST_LATE_MS, count)
    first = events.at + random.integers(0, NETWORK_MS, count) + late
    again = np.flatnonzero(random.random(count) < TWICE)
    second = first[again] + random.integers(0, MOST_BETWEEN_MS, len(again))
    at = np.concatenate([first, second])
    order = np.argsort(at, kind="stable")
    return np.concatenate([np.arange(count), again])[order], at[order]
