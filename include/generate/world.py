"""The world from its launch to a date: who and what is there, and the days passing."""

from collections.abc import Iterator
from datetime import date

from include.generate.catalogue import build_catalogue
from include.generate.sessions import SessionDay, watch_day
from include.generate.timeline import Size, day_number, plan_pace
from include.generate.users import UserDay, Users


class World:
    """A pure function of seed and size, seen up to and including a date."""

    def __init__(self, seed: int, size: Size, as_of: date) -> None:
        self.today = day_number(as_of)
        self.pace = plan_pace(seed, size, self.today + 1)
        self.users = Users(seed, self.pace)
        self.catalogue = build_catalogue(seed, self.pace)
        self._seed = seed

    def live(self) -> Iterator[tuple[UserDay, SessionDay]]:
        """Let the days pass, once: yield what happened; `users` is in the state of that day."""
        for day in range(self.today + 1):
            happened = self.users.advance(day)
            yield happened, watch_day(self._seed, self.pace, day, self.users, self.catalogue)
