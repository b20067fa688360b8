"""What is declared of a collection after its first load: raw follows, and old documents are read for it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include import tables
from include.errors import SchemaDriftError
from include.schema.ddl import create_warehouse_tables
from include.specs import Array, Column, DocumentKind, MongoCollection
from tests.integration.extract_load.drift.shapes import changes
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import movie, show
from tests.product import CONTENT

MOVIES, SERIES = CONTENT.kinds


@pytest.fixture
def loaded(own_pipeline: Pipeline) -> Pipeline:
    own_pipeline.seed_content([movie(), movie("M2")], [show()])
    own_pipeline.extract_content()
    return own_pipeline


def declare(
    pipeline: Pipeline, patch: pytest.MonkeyPatch, movies: DocumentKind, series: DocumentKind = SERIES
) -> MongoCollection:
    """Return the catalogue with these kinds, whose raw tables exist as after a run's first task."""
    declared = replace(CONTENT, kinds=(movies, series), overlap=timedelta(0))
    patch.setattr(tables, "SOURCES", (declared,))
    create_warehouse_tables(pipeline.loader)
    return declared


def test_column_that_is_declared_later_is_filled_for_all_documents(loaded, monkeypatch):
    votes = Column("votes", "bigint", path="views_count")
    declared = declare(loaded, monkeypatch, replace(MOVIES, columns=(*MOVIES.columns, votes)))
    loads = loaded.extract_content(loaded.batch("run 2"), declared)
    assert counts(loads["mongo_movies"]) == {"read": 2, "updated": 2}
    assert counts(loads["mongo_series"]) == {"read": 1, "unchanged": 1}
    assert [row["votes"] for row in live(loaded.raw("mongo_movies")).values()] == [12_345, 12_345]
    assert changes(loaded, "column_name", "action") == [("votes", "added to raw")]
    # Once is enough.
    loads = loaded.extract_content(loaded.batch("run 3"), declared)
    assert counts(loads["mongo_movies"]) == {}


def test_array_that_is_declared_later_is_filled_for_all_documents(loaded, monkeypatch):
    array = Array("genre", "mongo_labels", MOVIES.columns[0], "position", (Column("label", "text", path=""),))
    declared = declare(loaded, monkeypatch, replace(MOVIES, arrays=(*MOVIES.arrays, array)))
    loads = loaded.extract_content(loaded.batch("run 2"), declared)
    assert counts(loads["mongo_labels"]) == {"read": 4, "inserted": 4}
    assert counts(loads["mongo_movies"]) == {"read": 2, "unchanged": 2}


def test_kind_of_another_raw_table_is_filled_with_all_documents(loaded, monkeypatch):
    declared = declare(loaded, monkeypatch, replace(MOVIES, raw="mongo_films"))
    loads = loaded.extract_content(loaded.batch("run 2"), declared)
    assert counts(loads["mongo_films"]) == {"read": 2, "inserted": 2}


def test_type_that_raw_cannot_take_stops_the_load_with_advice(loaded, monkeypatch):
    columns = [Column("title", "jsonb") if column.name == "title" else column for column in MOVIES.columns]
    declared = declare(loaded, monkeypatch, replace(MOVIES, columns=tuple(columns)))
    advice = r"raw\.mongo_movies\.title is text, and include/sources.yml declares jsonb\. .* type jsonb"
    with pytest.raises(SchemaDriftError, match=advice):
        loaded.extract_content(loaded.batch("run 2"), declared)
