"""The product's tables refuse texts beyond their bounds, also those that an older version made."""

from dataclasses import replace

import psycopg2
import pytest

from include.schema import ddl
from include.schema.ddl import create_source_tables
from tests.product import USERS

LONG = "x" * 1500
INSERT = "insert into users (user_id, registration_date, country) values (%s, '2024-01-01', %s)"
NAMES = "select conname, convalidated from pg_constraint where conname like 'max%%' order by 1"


def test_table_refuses_a_text_beyond_its_bound(own_pipeline):
    own_pipeline.source(INSERT, "U1", "ä" * 500)
    with pytest.raises(psycopg2.errors.CheckViolation, match="max_1000_bytes_of_country"):
        own_pipeline.source(INSERT, "U2", "ä" * 500 + "x")


def test_table_of_an_older_version_keeps_its_rows_and_gets_the_bound(own_pipeline):
    for row in own_pipeline.source(NAMES):
        table = "users" if row["conname"].rpartition("_of_")[2] in ("country", "subscription_type") else None
        if table:
            own_pipeline.source(f"alter table {table} drop constraint {row['conname']}")
    own_pipeline.source(INSERT, "U1", LONG)
    create_source_tables(own_pipeline.app)
    assert own_pipeline.source_users()["U1"]["country"] == LONG
    with pytest.raises(psycopg2.errors.CheckViolation, match="max_1000_bytes_of_country"):
        own_pipeline.source(INSERT, "U2", LONG)
    # Extraction loads what is there, and a file mends it.
    own_pipeline.extract()
    assert own_pipeline.raw()["U1"]["country"] == LONG
    own_pipeline.seed_users("U1,21,Chile,Basic,2024-01-01,1")
    assert own_pipeline.source_users()["U1"]["country"] == "Chile"


def test_bound_that_is_declared_anew_replaces_the_old_one(own_pipeline, monkeypatch):
    columns = tuple(
        replace(column, max_bytes=2000) if column.name == "country" else column for column in USERS.columns
    )
    monkeypatch.setattr(ddl, "PLAYED_TABLES", (replace(USERS, columns=columns),))
    create_source_tables(own_pipeline.app)
    own_pipeline.source(INSERT, "U1", LONG)
    create_source_tables(own_pipeline.app)
    names = [row["conname"] for row in own_pipeline.source(NAMES) if "country" in row["conname"]]
    assert names == ["max_2000_bytes_of_country"]
