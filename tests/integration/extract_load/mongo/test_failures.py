"""Loads that fail, and loads at the same time: raw is whole, and the next load completes."""

import psycopg2
import pytest

from include.extract_load import load_collection
from include.run import Run
from tests.integration.extract_load.mongo.catalogue import (
    STRICT_CONTENT,
    change,
    genres,
    write_past_the_validator,
)
from tests.integration.helpers.loads import WAITING_FOR_A_LOCK, counts
from tests.integration.helpers.samples import movie, show
from tests.integration.helpers.stored import hand_out
from tests.product import CONTENT


def test_crash_before_the_commit_leaves_rows_and_watermark(pipeline, killed):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    pipeline.seed_content([movie(rating=1), movie("M3")], [show(genre=[])])
    write_past_the_validator(pipeline, movie("M4", rating="high"))
    before = pipeline.state()
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError, match="was killed"):
        pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert pipeline.state() == before
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    expected = {"read": 3, "inserted": 1, "updated": 1, "quarantined": 1, "deleted": 1}
    assert counts(loads["mongo_movies"]) == expected
    assert genres(pipeline, "S1") == []
    assert len(pipeline.quarantine()) == 1


def test_source_that_fails_in_mid_stream_leaves_raw(pipeline, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")])
    pipeline.extract_content()
    pipeline.seed_content([movie(rating=1), movie("M3")])
    before = pipeline.state()

    def break_off(collection, stages, batches):
        yield from batches
        raise ConnectionError("the network is gone")

    with monkeypatch.context() as patch:
        hand_out(patch, break_off)
        with pytest.raises(ConnectionError, match="the network is gone"):
            pipeline.extract_content(pipeline.batch("run 2"))
    assert pipeline.state() == before
    assert pipeline.extract_content(pipeline.batch("run 2"))["mongo_movies"].inserted == 1


def test_two_loads_of_the_collection_follow_one_another(pipeline, first_held, eventually, in_background):
    pipeline.seed_content([movie(), movie("M2")])
    first_has_written, first_may_commit = first_held("extract_load.loading")

    def extract(name):
        catalogue, loader = pipeline.platform.mongo("elt_reader"), pipeline.platform.connect("elt_loader")
        loads = load_collection(catalogue, loader, CONTENT, Run(pipeline.batch(name)))
        return {load.table: load for load in loads}

    first = in_background(extract, "first")
    assert first_has_written.wait(10)
    change(pipeline, "M2", rating=1)
    second = in_background(extract, "second")
    eventually(lambda: pipeline.warehouse(WAITING_FOR_A_LOCK))
    first_may_commit.set()
    first, second = first.result(10), second.result(10)
    assert counts(first["mongo_movies"]) == {"read": 2, "inserted": 2}
    assert counts(second["mongo_movies"]) == {"read": 2, "updated": 1, "unchanged": 1}
    rows = pipeline.raw("mongo_movies")
    assert [rows[key]["_batch_id"] for key in ("M1", "M2")] == ["first", "second"]
