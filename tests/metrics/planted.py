"""Causes that are planted into a star: sessions of a member lost or added, a title's hit, a day lost in part.

Everything happens in the cursor's transaction: rolled back, the star is what it was.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from psycopg2.extensions import cursor as Cursor

from include.why.compared import Period

# Members of the star by dimension, with their share of the sessions of the eight weeks before.
COLUMNS = {
    "country": "users.country",
    "plan": "users.subscription_type",
    "device": "devices.device_type",
    "quality": "qualities.quality_level",
    "title": "titles.title",
}
JOINED = """
from trusted.fct_viewing_sessions as fact
inner join trusted.dim_users as users using (user_key)
inner join trusted.dim_devices as devices using (device_key)
inner join trusted.dim_quality_levels as qualities using (quality_level_key)
inner join trusted.dim_content as titles using (content_key)
where fact.watch_date between %(first)s and %(last)s
"""
SHARES = f"select {{column}}, 1.0 * count(*) / sum(count(*)) over () {JOINED} group by 1 order by 1"
SESSIONS = f"select fact.session_id {JOINED} and {{column}} = %(member)s order by 1"
ALL_SESSIONS = f"select fact.session_id {JOINED} order by 1"
LOSE = "delete from trusted.fct_viewing_sessions where session_id = any(%s)"
# A row that is as another one, but for its id and, where it is said, its title.
COPIED = """
insert into trusted.fct_viewing_sessions
select (jsonb_populate_record(fact, jsonb_build_object(
    'session_id', fact.session_id || '+',
    'content_key', coalesce(
        (select content_key from trusted.dim_content where title = %(title)s), content_key
    )
))).*
from trusted.fct_viewing_sessions as fact where session_id = any(%(sessions)s)
"""
# A day has some 400 sessions from 2024 on; before that no half of a member stands out on one day.
FIRST = {"week": date(2023, 3, 6), "day": date(2024, 1, 1)}
LAST = date(2024, 8, 26)
# A premiere is a cause of its own: titles in their first four weeks that have 1 % of the sessions.
PREMIERES = """
with viewing as (
    select content_key, count(*) as sessions from trusted.fct_viewing_sessions
    where watch_date between %(first)s and %(last)s group by content_key
)

select exists (
    select from viewing
    where sessions > 0.01 * (select sum(sessions) from viewing) and not exists (
        select from trusted.fct_viewing_sessions as fact
        where fact.content_key = viewing.content_key and watch_date < %(first)s - 21
    )
)
"""


@dataclass(frozen=True)
class Plant:
    """What was done: which part is the cause (none: all parts alike), of which metric, and how much."""

    metric: str
    period: Period
    dimension: str | None
    member: str | None
    factor: float

    def __str__(self) -> str:
        cause = f"{self.dimension} {self.member}" if self.dimension else "all parts alike"
        return f"{self.metric} {self.period}: {cause} x {self.factor:.2f}"


def quiet_period(cursor: Cursor, choose: random.Random, grain: str) -> Period:
    """Choose a period with eight before it, in which no title has its premiere that many watch."""
    while True:
        weeks = choose.randrange((LAST - FIRST[grain]).days // 7 + 1)
        weekday = choose.randrange(7) if grain == "day" else 0
        period = Period(grain, FIRST[grain] + timedelta(weeks=weeks, days=weekday))
        cursor.execute(PREMIERES, {"first": period.start, "last": period.last})
        if not cursor.fetchone()[0]:
            return period


def plant(cursor: Cursor, choose: random.Random, metric: str, period: Period, dimension: str | None) -> Plant:
    """Plant a cause into a period: a member loses or gains about half, a title is a hit, a part is lost."""
    if dimension is None:
        return _lose_a_part(cursor, choose, metric, period)
    if dimension == "title":
        return _make_a_hit(cursor, choose, metric, period)
    return _change_a_member(cursor, choose, metric, period, dimension)


def _lose_a_part(cursor: Cursor, choose: random.Random, metric: str, period: Period) -> Plant:
    lost = choose.choice((0.5, 0.7, 1.0))
    sessions = _sessions(cursor, period)
    _lose(cursor, choose.sample(sessions, round(lost * len(sessions))))
    return Plant(metric, period, None, None, 1 - lost)


def _make_a_hit(cursor: Cursor, choose: random.Random, metric: str, period: Period) -> Plant:
    """Give a title that is neither new nor a hit another 10 to 15 % of all sessions; on a day 15 to 20 %."""
    shares = _shares(cursor, period, "title")
    title = choose.choice([name for name, share in shares.items() if 0.002 < share < 0.02])
    more = choose.uniform(0.10, 0.15) + (0.05 if period.grain == "day" else 0)
    sessions = _sessions(cursor, period)
    _copy(cursor, choose.sample(sessions, round(more * len(sessions))), title)
    return Plant(metric, period, "title", title, 1 + more / shares[title])


def _change_a_member(
    cursor: Cursor, choose: random.Random, metric: str, period: Period, dimension: str
) -> Plant:
    """Take 40 to 60 % of a member away, or add it; on a day take 60 % of one with a fifth, or double it."""
    is_day, is_loss = period.grain == "day", choose.random() < 0.6
    least = 0.2 if is_day else 0.085 if dimension == "country" else 0.12
    shares = _shares(cursor, period, dimension)
    member = choose.choice([name for name, share in shares.items() if share > least])
    change = choose.uniform(0.4, 0.6) if not is_day else 0.6 if is_loss else 1.0
    sessions = _sessions(cursor, period, dimension, member)
    chosen = choose.sample(sessions, round(change * len(sessions)))
    _lose(cursor, chosen) if is_loss else _copy(cursor, chosen)
    return Plant(metric, period, dimension, member, 1 - change if is_loss else 1 + change)


def _shares(cursor: Cursor, period: Period, dimension: str) -> dict[str, float]:
    days = {"first": period.before(8).start, "last": period.start - timedelta(days=1)}
    cursor.execute(SHARES.format(column=COLUMNS[dimension]), days)
    return {name: float(share) for name, share in cursor.fetchall() if name != "Unknown"}


def _sessions(cursor: Cursor, period: Period, dimension: str = "", member: str = "") -> list[str]:
    query = SESSIONS.format(column=COLUMNS[dimension]) if dimension else ALL_SESSIONS
    cursor.execute(query, {"first": period.start, "last": period.last, "member": member})
    return [session for (session,) in cursor.fetchall()]


def _lose(cursor: Cursor, sessions: Sequence[str]) -> None:
    cursor.execute(LOSE, (sessions,))


def _copy(cursor: Cursor, sessions: Sequence[str], title: str | None = None) -> None:
    cursor.execute(COPIED, {"sessions": sessions, "title": title})
