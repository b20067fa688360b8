"""Measure the comparison of sources, raw and star: of all values, and of rows, keys and sums alone.

Needs loaded sessions; adds users and a catalogue, and a star that has what the comparison reads of it.
"""

import statistics
from contextlib import ExitStack, closing
from datetime import date
from functools import partial

from benchmarks.measuring import say, seconds
from benchmarks.servers import Servers
from include.extract_load import load_collection, load_table
from include.quality import Servers as Sides
from include.quality import reconcile_sources
from include.run import Batch, Run
from include.schema.mongo import create_collection
from include.tables import SOURCES_BY_NAME

TITLES, ROUNDS = 1_000, 5
BATCH = Batch("reconcile", date(2024, 9, 1))
USERS = """
insert into public.users
select
    'U' || lpad(n::text, 6, '0'), n %% 80, (array['Peru', 'Chile', 'Kenya', null])[1 + n %% 4],
    (array['Basic', 'Standard', 'Premium'])[1 + n %% 3], date '2022-09-01' + (n %% 700)::integer,
    n %% 9000 / 10.0, now() - interval '1 day', now() - interval '1 day'
from generate_series(1, %s) as n
"""
STAR = """
create table trusted.fct_viewing_sessions as
    select session_id, watch_duration_minutes, completion_percentage from raw.postgres_viewing_sessions;
create table trusted.dim_users as
    select user_id, 1 as user_key, age, total_watch_time_hours, coalesce(country, 'Unknown') as country,
        subscription_type, registration_date, true as is_current, false as is_inferred
    from raw.postgres_users;
create table trusted.dim_content as
    select content_id, 'movie' as content_type, title, rating, views_count as catalogue_views,
        production_budget, duration_minutes, release_year, null::integer as seasons,
        null::numeric as avg_episode_duration_minutes, true as is_available, false as is_inferred
    from raw.mongo_movies;
analyze trusted.fct_viewing_sessions, trusted.dim_users, trusted.dim_content
"""
# What a load of an older version left: it is compared as far as it goes.
NUMBERS_ALONE = "delete from ops.source_figures where measure = 'row_hash'"


def compare(where: Servers, size: int) -> tuple[float, float]:
    """Return the seconds of comparing rows, keys and sums alone, and of comparing all values."""
    users, content = SOURCES_BY_NAME["users"], SOURCES_BY_NAME["content"]
    where.run("app", USERS, size // 20)
    catalogue = where.catalogue("app")
    create_collection(catalogue, content)
    catalogue[content.name].insert_many(_title(number) for number in range(TITLES))
    with ExitStack() as stack:
        source, loader, transformer = (
            stack.enter_context(closing(where.connect(role)))
            for role in ("elt_reader", "elt_loader", "dbt_transformer")
        )
        load_table(source, loader, users, Run(BATCH))
        load_collection(catalogue, loader, content, Run(BATCH))
        where.run("dbt_transformer", STAR)
        sides = Sides({"source_postgres": source, "source_mongo": catalogue}, loader, transformer)
        values = _median(sides)
        where.run("elt_loader", NUMBERS_ALONE)
        numbers = _median(sides)
    say("compare rows, keys and sums", numbers, size)
    say("compare all values", values, size, f"{values / numbers:.2f} x rows, keys and sums")
    return numbers, values


def _median(sides: Sides) -> float:
    comparing = partial(reconcile_sources, sides, BATCH, schema="trusted")
    return statistics.median(seconds(comparing)[0] for _ in range(ROUNDS))


def _title(number: int) -> dict[str, object]:
    return {
        "content_id": f"M{number:06}",
        "content_type": "movie",
        "title": f"Film {number}",
        "genre": ["Drama", "Crime"],
        "rating": number % 90 / 10,
        "views_count": number,
    }
