"""Load, build a star, spoil something, compare: what each test of the comparison does."""

from collections.abc import Callable

import pytest

from include import quality
from include.errors import DataQualityError
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS, VIEWING_SESSIONS

TABLES = {
    "postgres_users": 7,
    "postgres_viewing_sessions": 2,
    "mongo_movies": 3,
    "mongo_series": 1,
    "mongo_content_genres": 7,
    "mongo_series_seasons": 2,
}
# The star as dbt makes it of clean data, in a moment instead of half a minute; the real one is in
# tests/dags and in test_built_star.py.
STAR = """
drop table if exists trusted.fct_viewing_sessions, trusted.dim_users, trusted.dim_content;
create table trusted.fct_viewing_sessions as
    select session_id, watch_duration_minutes::numeric(10, 2), completion_percentage::numeric(5, 2)
    from raw.postgres_viewing_sessions where _deleted_at is null;
create table trusted.dim_users as
    select 1 as user_key, user_id, age, total_watch_time_hours::numeric(12, 2), true as is_current,
        false as is_inferred, coalesce(nullif(btrim(country, E' \\u00a0'), ''), 'Unknown') as country,
        coalesce(nullif(trim(subscription_type), ''), 'Unknown') as subscription_type, registration_date
    from raw.postgres_users where _deleted_at is null
    union all select -1, 'Unknown', null, null, true, false, 'Unknown', 'Unknown', null
    union all select 2, 'a former version', 30, 5, false, false, 'Peru', 'Basic', '2022-10-02'
    union all select 3, 'inferred', null, null, true, true, 'Unknown', 'Unknown', null;
create table trusted.dim_content as
    select content_id, 'movie' as content_type, title, rating::numeric(4, 2), views_count as catalogue_views,
        production_budget::numeric(18, 2), duration_minutes, release_year, null::integer as seasons,
        null::numeric as avg_episode_duration_minutes, _deleted_at is null as is_available,
        false as is_inferred
    from raw.mongo_movies
    union all
    select content_id, 'series', title, rating::numeric(4, 2), total_views,
        production_budget::numeric(18, 2), null, null, seasons,
        avg_episode_duration, _deleted_at is null, false
    from raw.mongo_series
    union all select 'inferred', 'unknown', 'Unknown', null, null, null, null, null, null, null, false, true;
"""
EXTRA_USER = (
    "insert into raw.postgres_users select 'U9', age, country, subscription_type, registration_date,"
    " total_watch_time_hours, created_at, _batch_id, _as_of, _loaded_at, _source_updated_at"
    " from raw.postgres_users where user_id = 'U3'"
)


def load(pipeline: Pipeline, batch_id: str = "run 1") -> Pipeline:
    """Load all of both sources into raw."""
    batch = pipeline.batch(batch_id)
    pipeline.extract(USERS, batch)
    pipeline.extract(VIEWING_SESSIONS, batch)
    pipeline.extract_content(batch)
    return pipeline


def publish(pipeline: Pipeline, schema: str = "trusted") -> Pipeline:
    """Make the star of what raw holds."""
    transformer = pipeline.platform.connect("dbt_transformer")
    with transformer, transformer.cursor() as cursor:
        cursor.execute(STAR.replace("trusted.", f"{schema}."))
    transformer.close()
    return pipeline


def compare(pipeline: Pipeline, batch_id: str = "run 1", schema: str = "trusted") -> dict[str, int]:
    """Compare sources, raw and star; return the rows of each raw table."""
    transformer = pipeline.platform.connect("dbt_transformer")
    servers = quality.Servers(
        {"source_postgres": pipeline.reader, "source_mongo": pipeline.catalogue}, pipeline.loader, transformer
    )
    compared = quality.reconcile_sources(servers, pipeline.batch(batch_id), schema=schema)
    return {row["table"]: row["rows"] for row in compared}


def reconcile(pipeline: Pipeline, batch_id: str = "run 1") -> dict[str, int]:
    """Publish what raw holds, then compare."""
    return compare(publish(pipeline), batch_id)


def difference(pipeline: Pipeline, reconcile: Callable[[Pipeline], object] = reconcile) -> str:
    """Return what is said of the difference that must be found."""
    with pytest.raises(DataQualityError) as caught:
        reconcile(pipeline)
    return str(caught.value)


def tamper(pipeline: Pipeline, sql: str) -> None:
    """Change raw or star as nobody should."""
    with pipeline.admin.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.rowcount > 0


def recorded(pipeline: Pipeline, table: str) -> dict[str, tuple]:
    """Return what was recorded of a table: (source, raw, star, whether they are equal) by measure."""
    rows = pipeline.warehouse("select * from ops.reconciliations where table_name = %s", table)
    values = ("source_value", "raw_value", "trusted_value", "is_equal")
    return {row["measure"]: tuple(row[name] for name in values) for row in rows}


def change(pipeline: Pipeline, content_id: str, **fields: object) -> None:
    """Change a document as an application with more rights does."""
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_one(
        {"content_id": content_id}, {"$set": fields | {"updated_at": now}}, bypass_document_validation=True
    )
