"""Loads of a source whose shape changes: what was recorded, what raw holds, and the comparison of both."""

from dataclasses import replace
from datetime import timedelta

from include.ops.load_runs import Load
from include.specs import META_COLUMNS, PostgresTable
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS

# No second chance by reading a little again.
STRICT_USERS = replace(USERS, overlap=timedelta(0))
STAMPS = {*META_COLUMNS, "updated_at"}


def changes(pipeline: Pipeline, *names: str) -> list[tuple]:
    """Return what was recorded of the sources' shapes, in order."""
    names = names or ("table_name", "column_name", "change", "action")
    rows = pipeline.warehouse("select * from ops.schema_changes order by schema_change_id")
    return [tuple(row[name] for name in names) for row in rows]


def held_types(pipeline: Pipeline) -> dict[str, str]:
    """Return the type of each column of the raw users."""
    rows = pipeline.warehouse(
        "select attname, format_type(atttypid, atttypmod) as type from pg_attribute"
        " where attrelid = 'raw.postgres_users'::regclass and attnum > 0"
    )
    return {row["attname"]: row["type"] for row in rows}


def assert_raw_is_the_source(pipeline: Pipeline) -> None:
    """Compare the living rows and every column that both have; raw may miss no column of the source."""
    source = pipeline.source("select * from users order by user_id")
    raw = pipeline.warehouse("select * from raw.postgres_users where _deleted_at is null order by user_id")
    names = [name for name in (source or raw or [{}])[0] if name not in STAMPS]
    assert [[row[name] for name in names] for row in raw] == [[row[name] for name in names] for row in source]


def extract(pipeline: Pipeline, number: int = 2, table: PostgresTable = STRICT_USERS) -> Load:
    """Load the users as the run of this number."""
    return pipeline.extract(table, pipeline.batch(f"run {number}", f"2024-09-0{number}"))
