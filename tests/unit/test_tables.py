"""What the rest relies on in the list of tables."""

from dataclasses import replace
from datetime import date, timedelta
from typing import get_args, get_type_hints

import pytest

from include.specs import META_COLUMNS, Array, Column, DocumentKind, Extraction, PostgresTable
from include.tables import MONGO_COLLECTIONS, PLAYED, POSTGRES_TABLES, SOURCES, SOURCES_BY_NAME, raw_tables
from tests.product import USERS, VIEWING_SESSIONS

KINDS = [kind for collection in MONGO_COLLECTIONS for kind in collection.kinds]
ARRAYS = [array for kind in KINDS for array in kind.arrays]
RAW = [*POSTGRES_TABLES, *KINDS, *ARRAYS]
COLUMNS = [column for table in RAW for column in table.raw_columns]


def named(table: PostgresTable | DocumentKind | Array) -> str:
    return table.raw


OF_CONTENT = ["mongo_movies", "mongo_series", "mongo_content_genres", "mongo_series_seasons"]


def test_the_three_files_are_the_contract() -> None:
    assert {"users.csv", "viewing_sessions.csv", "content.json"} <= {source.file for source in PLAYED}
    users, sessions = ([column.name for column in table.file_columns] for table in (USERS, VIEWING_SESSIONS))
    assert ",".join(users) == (
        "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"
    )
    assert ",".join(sessions) == (
        "session_id,user_id,content_id,watch_date,watch_duration_minutes,completion_percentage,"
        "device_type,quality_level"
    )


def test_raw_tables_are_named_for_their_source() -> None:
    assert list(raw_tables()) == [*(f"postgres_{table.name}" for table in POSTGRES_TABLES), *OF_CONTENT]


def test_only_children_of_one_shape_share_a_raw_table() -> None:
    parents = [table.raw for table in (*POSTGRES_TABLES, *KINDS)]
    assert len(set(parents)) == len(parents) >= 4
    assert set(parents).isdisjoint(array.raw for array in ARRAYS)
    for array in ARRAYS:
        assert raw_tables()[array.raw] == array


def test_sources_are_found_by_name() -> None:
    assert [SOURCES_BY_NAME[source.name] for source in SOURCES] == list(SOURCES)
    assert len(SOURCES_BY_NAME) == len(SOURCES) >= 3


@pytest.mark.parametrize("table", RAW, ids=named)
def test_key_is_made_of_required_columns(table: PostgresTable | DocumentKind | Array) -> None:
    required = {column.name for column in table.raw_columns if column.required}
    assert table.raw_key
    assert set(table.raw_key) <= required


@pytest.mark.parametrize("source", PLAYED, ids=lambda source: source.name)
def test_key_of_a_file_is_required_text(source: object) -> None:
    parts = source.kinds if hasattr(source, "kinds") else [source]
    for part in parts:
        (name,) = part.raw_key
        (key,) = [column for column in part.columns if column.name == name]
        assert (key.type, key.required) == ("text", True)


@pytest.mark.parametrize("table", RAW, ids=named)
def test_column_names_are_unique_and_free_of_the_loaders(table: PostgresTable | DocumentKind | Array) -> None:
    names = [column.name for column in table.raw_columns]
    assert len(set(names)) == len(names)
    assert set(names).isdisjoint({*META_COLUMNS, "_document", "line"})
    assert not any(name.startswith("_") for name in names)


def test_loader_stamps_every_row() -> None:
    assert list(META_COLUMNS) == ["_batch_id", "_as_of", "_loaded_at", "_source_updated_at", "_deleted_at"]
    stamped = [name for name, definition in META_COLUMNS.items() if definition.endswith("not null")]
    assert stamped == ["_batch_id", "_as_of", "_loaded_at"]


def test_bounds_fit_their_types() -> None:
    bounded = [column for column in COLUMNS if column.minimum is not None or column.maximum is not None]
    assert len(bounded) >= 10
    for column in bounded:
        assert column.type in {"integer", "bigint", "numeric", "date"}, column
        read = date.fromisoformat if column.type == "date" else float
        if column.minimum is not None and column.maximum is not None:
            assert read(column.minimum) < read(column.maximum), column


@pytest.mark.parametrize("collection", MONGO_COLLECTIONS, ids=lambda collection: collection.name)
def test_kinds_agree_on_the_columns_that_they_share(collection: object) -> None:
    # The validator of a collection knows one column a name, whatever the kind.
    shared: dict[str, Column] = {}
    for kind in collection.kinds:
        for column in kind.columns:
            assert shared.setdefault(column.name, column) == column
    required = [{column.name for column in kind.columns if column.required} for kind in collection.kinds]
    assert all(names == required[0] for names in required)
    assert len({kind.tag for kind in collection.kinds}) == len(collection.kinds) == 2


def test_every_source_says_how_it_is_read() -> None:
    for source in SOURCES:
        assert source.strategy in get_args(get_type_hints(Extraction)["strategy"])
        assert source.deletes in get_args(get_type_hints(Extraction)["deletes"])
        assert source.overlap > timedelta(0)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_only_an_incremental_load_needs_a_watermark(source: Extraction) -> None:
    assert replace(source, strategy="full_refresh", watermark=None).watermark is None
    with pytest.raises(ValueError, match=f"{source.name}: an incremental load needs a watermark"):
        replace(source, strategy="incremental", watermark=None)


@pytest.mark.parametrize("collection", MONGO_COLLECTIONS, ids=lambda collection: collection.name)
def test_key_of_a_collection_is_that_of_all_its_raw_tables(collection):
    assert {table.raw_key[0] for table in collection.raw_tables} == {collection.key}
