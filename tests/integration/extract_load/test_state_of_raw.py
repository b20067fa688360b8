"""The state of raw: another one after each load that changed a row, and the same after every other load."""

import dataclasses
from datetime import UTC, datetime

import psycopg2
import pytest

from include.ops.load_runs import Load, record_load, state_of_raw
from include.replay import replay_extraction, replay_table
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, movie, show
from tests.product import CONTENT, USERS

OLD = BEN.replace("35", "200")


def state(pipeline: Pipeline) -> str:
    with pipeline.loader as loader, loader.cursor() as cursor:
        return state_of_raw(cursor)


def load(pipeline: Pipeline) -> str:
    """Load users and catalogue; return the state of raw."""
    pipeline.extract()
    pipeline.extract_content()
    return state(pipeline)


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    pipeline.seed_users(ANA, OLD)
    pipeline.seed_content([movie("M1"), movie("M2")], [show()])
    load(pipeline)
    return pipeline


def test_there_is_none_before_the_first_load(pipeline):
    assert state(pipeline) == ""


def test_it_names_each_raw_table_that_a_load_changed(loaded):
    tables = [entry.split()[0] for entry in state(loaded).split(", ")]
    assert tables == [
        "mongo_content_genres",
        "mongo_movies",
        "mongo_series",
        "mongo_series_seasons",
        "postgres_users",
    ]


def test_loads_that_find_nothing_new_leave_it(loaded):
    before = state(loaded)
    loaded.seed_users(ANA, OLD)
    assert load(loaded) == before
    # Read whole, and each row compared.
    loaded.warehouse("delete from ops.watermarks")
    assert load(loaded) == before
    # A seed writes into the sources only.
    loaded.seed_users(ANA, BEN)
    assert state(loaded) == before


def test_new_corrected_and_deleted_rows_change_it(loaded):
    states = [state(loaded)]
    for lines in ([ANA, BEN], [ANA.replace("21", "22"), BEN], [ANA.replace("21", "22")]):
        loaded.seed_users(*lines)
        states.append(load(loaded))
    assert len(set(states)) == 4


def test_documents_that_change_in_one_raw_table_only_change_it(loaded):
    states = [state(loaded)]
    titles = [movie("M1"), movie("M2")]
    for movies in (titles, [movie("M1", genre=["Drama"]), titles[1]], titles[1:]):
        loaded.seed_content(movies, [show(rating=3)])
        states.append(load(loaded))
    assert len(set(states)) == 4


def test_replayed_rows_change_it(loaded):
    before = state(loaded)
    loaded.warehouse("update quarantine.rejected_rows set row_text = %s where row_text = %s", BEN, OLD)
    assert replay_table(loaded.app, loaded.loader, USERS).replayed == 1
    assert load(loaded) != before


def test_a_document_that_is_extracted_again_changes_it(loaded):
    stamps = {"content_type": "movie", "updated_at": loaded.documents()["M1"]["updated_at"]}
    document = {"_id": 1, **movie("M3", rating=700), **stamps}
    loaded.product.content.insert_one(document, bypass_document_validation=True)
    before = load(loaded)
    loaded.product.content.update_one({"_id": 1}, {"$set": {"rating": 7}})
    batch = loaded.batch("replay")
    assert replay_extraction(loaded.catalogue, loaded.loader, CONTENT, batch).replayed == 1
    assert state(loaded) != before


def test_a_new_column_changes_it_when_rows_have_a_value_there(own_pipeline):
    own_pipeline.seed_users(ANA)
    own_pipeline.extract()
    states = [state(own_pipeline)]
    own_pipeline.source("alter table users add column nickname text")
    own_pipeline.extract()
    states.append(state(own_pipeline))
    own_pipeline.source("alter table users add column level integer not null default 3")
    own_pipeline.extract()
    states.append(state(own_pipeline))
    assert states[0] == states[1] != states[2]


@pytest.mark.parametrize("lines", [[ANA, BEN], [BEN]])
def test_a_load_that_is_killed_leaves_it(loaded, killed, lines):
    before = state(loaded)
    loaded.seed_users(*lines)
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError):
        loaded.extract()
    assert state(loaded) == before
    assert load(loaded) != before


def test_loads_may_commit_in_another_order_than_they_are_numbered(loaded):
    """The table with the lower number commits last: what was built in between does not hold it."""
    now = datetime.now(UTC)
    users = Load("extract", "postgres_users", now, read=1, inserted=1)
    movies = dataclasses.replace(users, table="mongo_movies")
    slow, fast = (loaded.platform.connect("elt_loader") for _ in range(2))
    record_load(slow, users, loaded.batch())
    record_load(fast, movies, loaded.batch())
    fast.commit()
    between = state(loaded)
    slow.commit()
    assert state(loaded) != between
