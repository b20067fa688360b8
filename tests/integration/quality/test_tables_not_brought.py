"""Of a table that a run does not bring, only raw and star are compared: its source is not asked."""

import pytest

from include import quality
from include.errors import DataQualityError
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.quality.comparison import TABLES, publish, recorded, tamper


def compare_users(pipeline: Pipeline) -> dict[str, int]:
    """Compare for a run that brought users alone, and knows no connection to the catalogue."""
    transformer = pipeline.platform.connect("dbt_transformer")
    servers = quality.Servers({"source_postgres": pipeline.reader}, pipeline.loader, transformer)
    batch = pipeline.batch("users alone")
    compared = quality.reconcile_sources(servers, batch, schema="trusted", brought={"users"})
    return {row["table"]: row["rows"] for row in compared}


def test_source_that_was_not_brought_may_have_changed_and_is_not_recorded(loaded: Pipeline) -> None:
    publish(loaded)
    loaded.product.content.delete_many({}, comment="deletions have no stamp")
    assert compare_users(loaded) == TABLES
    assert recorded(loaded, "postgres_users")
    for table in TABLES.keys() - {"postgres_users"}:
        assert not recorded(loaded, table), table


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update trusted.dim_content set rating = rating + 1 where content_type = 'movie'", "mongo_movies"),
        ("delete from trusted.fct_viewing_sessions", "postgres_viewing_sessions"),
        ("update trusted.dim_users set age = age + 1 where is_current and user_key = 1", "postgres_users"),
    ],
)
def test_star_that_differs_is_found_for_each_table(loaded: Pipeline, change: str, said: str) -> None:
    publish(loaded)
    tamper(loaded, change)
    with pytest.raises(
        DataQualityError, match=rf"differs from raw\.{said}: .*trigger the pipeline with mode"
    ):
        compare_users(loaded)
