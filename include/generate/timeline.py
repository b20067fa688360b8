"""How much there is of everything on each day: launch, growth, weekends and winters.

Days are counted from the launch (day 0). The sizes asked for hold at the end of the anchor date;
before it there is less, after it every count goes on at the anchor's daily rate, so a date years
later works without another setting.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from include.days import LAUNCH
from include.generate.streams import Random, stream

ANCHOR = date(2024, 9, 1)
ANCHOR_DAY = (ANCHOR - LAUNCH).days

WEEK = np.array([0.88, 0.86, 0.88, 0.92, 1.06, 1.22, 1.18])  # Monday to Sunday
WINTER = 0.18  # how far the middle of January lies above the year's mean
NOISE = 0.15  # how far a day may lie above or below its trend

CANCELLED = 0.15  # cancellations until the anchor, as shares of the users who stay
PLAN_CHANGES = 0.6
MOVES = 0.08
SESSIONS_DELETED = 0.006  # share of the sessions watched; see sessions.py


@dataclass(frozen=True)
class Size:
    """How many users, titles and sessions exist on the anchor date."""

    users: int = 5_000
    titles: int = 300
    sessions: int = 200_000


@dataclass(frozen=True)
class Pace:
    """How many there have been by the end of each day since the launch, one number per day."""

    signups: np.ndarray
    cancellations: np.ndarray
    plan_changes: np.ndarray
    country_moves: np.ndarray
    titles: np.ndarray
    sessions: np.ndarray


def day_number(day: date) -> int:
    """Count the days from the launch to a date."""
    return (day - LAUNCH).days


def date_of(day: int) -> date:
    """Give the date of a day number."""
    return LAUNCH + timedelta(days=int(day))


def plan_pace(seed: int, size: Size, days: int) -> Pace:
    """Lay out the counts of the first `days` days; more days only append."""
    day = np.arange(max(days, ANCHOR_DAY + 1))
    growth = np.minimum(day / ANCHOR_DAY, 1)

    def count(name: str, total: float, trend: np.ndarray, at_launch: float = 0.0) -> np.ndarray:
        return _count(stream(seed, f"pace of {name}"), round(total), trend, at_launch)

    # However small the world, at the launch somebody is there, and something to watch.
    cancelled = round(CANCELLED * size.users)
    signups = count("signups", size.users + cancelled, 0.4 + 0.6 * growth, at_launch=0.03)
    signups = np.maximum(signups, 1)
    titles = np.maximum(count("titles", size.titles, np.ones(len(day)), at_launch=0.6), 1)
    cancellations = count("cancellations", cancelled, growth)
    viewers = (signups - cancellations)[np.minimum(day, ANCHOR_DAY)]
    watched = size.sessions / (1 - SESSIONS_DELETED)
    return Pace(
        signups=signups[:days],
        cancellations=cancellations[:days],
        plan_changes=count("plan changes", PLAN_CHANGES * size.users, growth)[:days],
        country_moves=count("country moves", MOVES * size.users, growth)[:days],
        titles=titles[:days],
        sessions=count("sessions", watched, viewers * _season(day), at_launch=1e-4)[:days],
    )


def _season(day: np.ndarray) -> np.ndarray:
    """Give each day's share of viewing around 1: weekends and winters are higher."""
    since_mid_january = day + LAUNCH.timetuple().tm_yday - 15
    yearly = 1 + WINTER * np.cos(2 * np.pi * since_mid_january / 365.25)
    return WEEK[(LAUNCH.weekday() + day) % 7] * yearly


def _count(
    random: Random,
    total: int,
    trend: np.ndarray,
    at_launch: float,
) -> np.ndarray:
    """Spread a total over the days to the anchor, and go on; `at_launch` is day 0's share of it."""
    rates = trend * (1 + NOISE * (2 * random.random(len(trend)) - 1))
    rates[0] = at_launch / (1 - at_launch) * rates[1 : ANCHOR_DAY + 1].sum()
    running = np.cumsum(rates)
    # The small number keeps a whole total from being cut to the number below it.
    return np.floor(total * running / running[ANCHOR_DAY] + 1e-9).astype(np.int64)
