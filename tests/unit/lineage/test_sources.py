"""Which columns of sources and files fill raw: of the product that is played, and of the example company."""

import pytest

from include.declarations import read_sources
from include.environment import ROOT
from include.lineage import file_lineage, raw_columns, source_lineage, upstream

EDGES = source_lineage() | file_lineage()


@pytest.mark.parametrize(
    ("column", "sources"),
    [
        ("raw.postgres_users.country", {"source.users.country", "users.csv:country"}),
        ("raw.postgres_users.created_at", {"source.users.created_at"}),
        ("raw.postgres_users._source_updated_at", {"source.users.updated_at"}),
        ("raw.postgres_users._loaded_at", set()),
        ("raw.postgres_users.*", {"source.users.*", "users.csv:*"}),
        ("raw.mongo_movies.rating", {"source.content.movies.rating", "content.json:movies.rating"}),
        ("raw.mongo_movies._document", {"source.content.movies.*", "content.json:movies.*"}),
        (
            "raw.mongo_content_genres.genre",
            {
                "source.content.movies.genre[]",
                "source.content.series.genre[]",
                "content.json:movies.genre[]",
                "content.json:series.genre[]",
            },
        ),
    ],
)
def test_a_column_of_raw_comes_from_its_field_and_that_from_the_file(column, sources):
    assert upstream(EDGES, column) == sources


@pytest.mark.parametrize(
    ("column", "sources"),
    [
        ("raw.mongo_films.year", {"source.titles.films.info.year"}),
        ("raw.mongo_show_seasons._id", {"source.titles.shows._id"}),
        ("raw.mongo_show_seasons.position", {"source.titles.shows.seasons[]"}),
        ("raw.mongo_show_seasons.no", {"source.titles.shows.seasons[].no"}),
        ("raw.mongo_show_seasons.*", {"source.titles.shows.seasons[]"}),
        ("raw.postgres_plays._source_updated_at", {"source.plays.modified_at"}),
        ("raw.mongo_films._source_updated_at", set()),
    ],
)
def test_fields_within_documents_and_arrays_are_named_by_their_path(column, sources):
    edges = source_lineage(read_sources(ROOT / "docs" / "example" / "sources.yml"))
    assert edges.get(column, set()) == sources


def test_every_edge_into_raw_leads_to_a_column_that_raw_has():
    columns = {f"{table}.{name}" for table, names in raw_columns().items() for name in (*names, "*")}
    without = columns - source_lineage().keys()
    assert source_lineage().keys() <= columns
    assert {column.rpartition(".")[2] for column in without} == {
        "_batch_id", "_as_of", "_loaded_at", "_deleted_at",
    }  # fmt: skip
