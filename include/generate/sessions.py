"""The viewing: who watches what, how long, on which device; and what becomes of the rows.

Data flow: Users and Catalogue of a day -> watch_day -> SessionDay -> seen_on(day) -> rows.
A session's number is its place among all sessions by watch day, so ids never move. Its fate
(arriving late, being corrected, being deleted) is drawn with it, so a later file differs from an
earlier one only by what happened between.
"""

from dataclasses import dataclass, replace

import numpy as np

from include.generate.catalogue import Catalogue
from include.generate.streams import Random, stream
from include.generate.timeline import SESSIONS_DELETED, Pace
from include.generate.users import DEVICE_SHARES, Users

QUALITIES = ("SD", "HD", "4K")
LOYAL_TO_DEVICE = 0.75  # share of sessions on the user's favourite device, chance hits not counted
CANDIDATES = 3  # a viewer looks at so many titles and takes the first of a favourite genre
LATE, MOST_DAYS_LATE = 0.02, 7
CORRECTED, CORRECTED_WITHIN = 0.01, 14  # days after it arrived
DELETED_WITHIN = 30
NEVER = np.iinfo(np.int32).max

PLAN_QUALITY = np.array([  # plan, quality
    [0.55, 0.43, 0.02],
    [0.14, 0.74, 0.12],
    [0.05, 0.45, 0.50],
])  # fmt: skip
DEVICE_QUALITY = np.array([  # device, quality: how a device leans from its viewer's plan
    [1.6, 1.0, 0.06],
    [0.6, 1.0, 1.60],
    [0.9, 1.0, 0.70],
    [1.3, 1.0, 0.25],
    [0.6, 1.0, 1.30],
])  # fmt: skip
_LEANING = PLAN_QUALITY[:, None, :] * DEVICE_QUALITY[None, :, :]
QUALITY_UP_TO = np.cumsum(_LEANING / _LEANING.sum(axis=2, keepdims=True), axis=2)


@dataclass(frozen=True)
class SessionDay:
    """The sessions watched on one day, as columns; users, titles and choices are indexes."""

    number: np.ndarray  # from 1, over all days
    user: np.ndarray
    title: np.ndarray
    minutes: np.ndarray
    tenths: np.ndarray  # completion in tenths of a percent
    device: np.ndarray
    quality: np.ndarray
    arrives: np.ndarray  # day number of the first file it is in
    corrected: np.ndarray  # day number, or NEVER
    deleted: np.ndarray  # day number, or NEVER
    corrected_minutes: np.ndarray
    corrected_tenths: np.ndarray

    def seen_on(self, day: int) -> "SessionDay":
        """Give the rows that a file of a day holds, with the corrections made until then."""
        there = (self.arrives <= day) & (self.deleted > day)
        rows = SessionDay(*(column[there] for column in vars(self).values()))
        done = rows.corrected <= day
        return replace(
            rows,
            minutes=np.where(done, rows.corrected_minutes, rows.minutes),
            tenths=np.where(done, rows.corrected_tenths, rows.tenths),
        )


def watch_day(seed: int, pace: Pace, day: int, users: Users, catalogue: Catalogue) -> SessionDay:
    """Draw the sessions of a day from the users who are active and the titles that are there."""
    before = int(pace.sessions[day - 1]) if day else 0
    number = np.arange(before + 1, int(pace.sessions[day]) + 1)
    random = stream(seed, "sessions", day)
    user = _draw_weighted(random, users.activity * users.active, len(number))
    title = _choose_titles(random, users.genres[user], catalogue, day)
    other = random.choice(len(DEVICE_SHARES), len(number), p=DEVICE_SHARES)
    loyal = random.random(len(number)) < LOYAL_TO_DEVICE
    device = np.where(loyal, users.device[user], other)
    up_to = QUALITY_UP_TO[users.plan[user], device]
    quality = (random.random((len(number), 1)) > up_to[:, :2]).sum(axis=1)
    length = catalogue.minutes[title]
    tenths = _draw_completion(random, catalogue.rating[title], length)
    corrected_tenths = _correct(random, tenths)
    arrives = day + _some_days_later(random, len(number), LATE, MOST_DAYS_LATE)
    return SessionDay(
        number=number,
        user=user,
        title=title,
        minutes=_watched_minutes(tenths, length),
        tenths=tenths,
        device=device,
        quality=quality,
        arrives=arrives,
        corrected=_later(arrives, random, CORRECTED, CORRECTED_WITHIN),
        deleted=_later(arrives, random, SESSIONS_DELETED, DELETED_WITHIN),
        corrected_minutes=_watched_minutes(corrected_tenths, length),
        corrected_tenths=corrected_tenths,
    )


def _draw_weighted(random: Random, weights: np.ndarray, shape: object) -> np.ndarray:
    """Draw indexes with the chances given by weights that need not add up to 1."""
    running = np.cumsum(weights)
    return np.searchsorted(running, random.random(shape) * running[-1], side="right")


def _choose_titles(random: Random, liked: np.ndarray, catalogue: Catalogue, day: int) -> np.ndarray:
    """Choose a title for each viewer: popular ones, the first of a liked genre if there is one."""
    seen = _draw_weighted(random, catalogue.popularity_on(day), (len(liked), CANDIDATES))
    fits = (catalogue.genres[seen] & liked[:, None]) != 0
    return seen[np.arange(len(liked)), fits.argmax(axis=1)]


def _draw_completion(random: Random, rating: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Draw how much is watched, in tenths of a percent: good or short titles more often whole."""
    chance = np.clip(0.48 + 0.10 * (rating - 6.8) - 0.0025 * (length - 70), 0.05, 0.95)
    luck, part = random.random((2, len(rating)))
    finished = np.minimum(1010 - 100 * part**3, 1000)  # half of them to the very end
    broken_off = 5 + 890 * part**1.3
    return np.where(luck < chance, finished, broken_off).astype(np.int32)


def _correct(random: Random, tenths: np.ndarray) -> np.ndarray:
    """Draw another completion for each session: mostly the player had counted too much."""
    less = tenths * random.uniform(0.4, 0.95, len(tenths))
    return np.where(tenths >= 100, less, tenths + 150).astype(np.int32)


def _watched_minutes(tenths: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Turn completion into whole minutes of a title's length, at least one."""
    return np.maximum((tenths * length + 500) // 1000, 1)


def _some_days_later(random: Random, count: int, share: float, longest: int) -> np.ndarray:
    """Draw 1 to `longest` days for a share of the rows, 0 for the rest."""
    luck = random.random(count)
    return np.where(luck < share, 1 + (luck / share * longest).astype(np.int32), 0)


def _later(arrives: np.ndarray, random: Random, share: float, longest: int) -> np.ndarray:
    days = _some_days_later(random, len(arrives), share, longest)
    return np.where(days > 0, arrives + days, NEVER)
