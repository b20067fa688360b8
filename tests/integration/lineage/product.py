"""A small product in raw, with a value in every column, and what PostgreSQL makes of it by compiled SQL."""

from collections.abc import Mapping
from datetime import date, timedelta

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier

from tests.dbt_project.days import Row, genre, movie, season, series, session, user

FIRST = date(2024, 3, 1)
PLANS, DEVICES, QUALITIES = ("Basic", "Premium", "Family"), ("TV", "Mobile", "Web"), ("SD", "HD", "4K")
COUNTRIES = ("Chile", "Kenya", "Japan")
TITLES = ("M1", "M2", "M3", "S1", "S2")
# What devices told of the same sessions: that they began, and that they ended.
EVENTS = """
insert into raw.kafka_playback_events (
    topic, partition, kafka_offset, sent_at, event_id, session_id, user_id, content_id, event_type,
    event_time, position_ms, length_ms, played_ms, quality, device_type, quality_drops, rebuffers, rebuffer_ms
)
select
    'playback-events', 0, row_number() over (), watch_date, session_id || event_type, session_id, user_id,
    content_id, event_type, watch_date at time zone 'UTC', watch_duration_minutes * 60000,
    watch_duration_minutes * 6000000 / completion_percentage, 0, quality_level, device_type, 0, 0, 0
from raw.postgres_viewing_sessions cross join (values ('start'), ('stop')) as events (event_type)
"""
COLUMNS = """
select table_schema || '.' || table_name, array_agg(column_name::text order by ordinal_position)
from information_schema.columns
where table_schema = any (%s)
group by 1
"""


def rows() -> dict[str, list[Row]]:
    """Return rows by raw table: no two numbers of a column are alike, so that each change shows."""
    return {
        "postgres_users": [
            user(
                f"U{n}",
                PLANS[n % 3],
                age=12 + 9 * n,
                country=COUNTRIES[n % 3],
                registration_date=FIRST + timedelta(days=n),
                total_watch_time_hours=n + 1,
            )
            for n in range(6)
        ],
        "mongo_movies": [
            movie(
                f"M{n}",
                rating=n + 3,
                release_year=2000 + n,
                duration_minutes=90 + n,
                views_count=100 * n,
                production_budget=1000 * n,
            )
            for n in (1, 2, 3)
        ],
        "mongo_series": [
            series(
                f"S{n}",
                rating=n + 6,
                seasons=n,
                avg_episode_duration=40 + n,
                total_views=700 * n,
                production_budget=9000 * n,
            )
            for n in (1, 2)
        ],
        "mongo_content_genres": [
            genre(title, position, name)
            for title in TITLES
            for position, name in enumerate(("Drama", "Crime", "War")[: 1 + TITLES.index(title) % 3], start=1)
        ],
        "mongo_series_seasons": [season("S1", 1, 8), season("S2", 1, 6), season("S2", 2, 7)],
        "postgres_viewing_sessions": [
            session(
                f"V{n}",
                f"U{n % 6}",
                TITLES[n % 5],
                FIRST + timedelta(days=2 * n),
                watch_duration_minutes=10 + n * n,
                completion_percentage=100 - n,
                device_type=DEVICES[n % 3],
                quality_level=QUALITIES[n // 3 % 3],
            )
            for n in range(30)
        ],
    }


def make_star(cursor: Cursor, compiled: Mapping[str, str]) -> None:
    """Make a table of each model's compiled SQL, in schemas that are emptied before."""
    for schema in sorted({name.partition(".")[0] for name in compiled}):
        cursor.execute(SQL("drop schema if exists {0} cascade; create schema {0}").format(Identifier(schema)))
    for name, sql in compiled.items():
        # It was compiled for another database of the same schemas.
        cursor.execute(f"create table {name} as {sql}".replace('"postgres".', ""))


def values_of_star(cursor: Cursor) -> dict[str, list[str]]:
    """Return all values of each column of the star, in an order of their own."""
    cursor.execute(COLUMNS, (["trusted"],))
    found = {}
    for table, names in cursor.fetchall():
        each = ", ".join(f"array_agg({name}::text order by {name}::text)" for name in names)
        cursor.execute(f"select {each} from {table}")
        found |= dict(zip((f"{table}.{name}" for name in names), cursor.fetchone(), strict=True))
    return found
