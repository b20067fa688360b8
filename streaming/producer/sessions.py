"""The sessions that are played: those of the generator, so that the batch has the same ones."""

from collections import deque
from dataclasses import fields

import numpy as np

from include.generate.sessions import SessionDay
from include.generate.world import World


def sessions_of(world: World) -> SessionDay:
    """Return all sessions of the world's last day, late ones too."""
    return _last_days(world, 1)


def last_sessions(world: World, least: int) -> SessionDay:
    """Return the sessions of the world's last days: at least so many, where there are."""
    return _last_days(world, least)


def _last_days(world: World, least: int) -> SessionDay:
    days: deque[SessionDay] = deque()
    for _, watched in world.live():
        days.append(watched)
        while len(days) > 1 and sum(len(day.number) for day in days) - len(days[0].number) >= least:
            days.popleft()
    columns = {
        field.name: np.concatenate([getattr(day, field.name) for day in days]) for field in fields(SessionDay)
    }
    return SessionDay(**columns)
