"""The JSON file seeded again, on another day or after a crash."""

import logging

import psycopg2
import pytest

from include.seed import mongo
from tests.integration.helpers.loads import counts, rejections
from tests.integration.helpers.samples import movie


def test_repeated_batch_does_not_quarantine_twice(pipeline):
    for _ in range(3):
        pipeline.seed_content([movie(), movie("M2", rating="high")])
    assert rejections(pipeline) == [("movies[1]", "rating", "high", "is not a number but text")]
    pipeline.seed_content([movie(), movie("M2")])
    assert pipeline.quarantine() == []


def test_older_day_of_the_same_data_set_is_not_loaded(pipeline, caplog):
    pipeline.write_content([movie()])
    pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    before = pipeline.state()
    pipeline.write_content([movie("M2")])
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_catalogue(pipeline.batch("run 1", "2024-09-01"), dataset="generated seed=1")
    assert counts(load) == {}
    assert pipeline.state() == before
    assert "content.json is of 2024-09-01, the source already holds 2024-09-02: nothing to do" in caplog.text


@pytest.mark.parametrize("dataset", ["own files", "generated seed=2"])
def test_older_day_of_another_data_set_is_loaded(pipeline, dataset):
    pipeline.write_content([movie()])
    pipeline.seed_catalogue(pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.write_content([movie("M2")])
    pipeline.seed_catalogue(pipeline.batch("run 1", "2024-09-01"), dataset=dataset)
    assert list(pipeline.documents()) == ["M2"]
    assert list(pipeline.product.seed_state.find()) == [
        {"_id": "content", "dataset": dataset, "as_of": "2024-09-01"}
    ]


def test_crash_before_the_log_is_written_leaves_nothing_and_a_retry_completes(pipeline, killed):
    pipeline.seed_content([movie(), movie("M2")])
    before = pipeline.state()
    second = pipeline.batch("run 2", "2024-09-02")
    with killed("seed.seeding"), pytest.raises(psycopg2.OperationalError, match="the worker was killed"):
        pipeline.seed_content([movie(rating=1), movie("M3"), movie("M4", rating="x")], batch=second)
    assert pipeline.state() == before
    load = pipeline.seed_catalogue(second)
    assert counts(load) == {"read": 3, "inserted": 1, "updated": 1, "quarantined": 1, "deleted": 1}
    assert sorted(pipeline.documents()) == ["M1", "M3"]


def test_crash_in_the_middle_of_the_writes_is_completed_by_a_retry(pipeline, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")])
    everything = mongo.write

    def write_half(database, collection, writes):
        everything(database, collection, writes[: len(writes) // 2])
        raise ConnectionError("the network is gone")

    with monkeypatch.context() as patch:
        patch.setattr(mongo, "write", write_half)
        with pytest.raises(ConnectionError):
            pipeline.seed_content([movie(rating=1), movie("M3"), movie("M4")])
    load = pipeline.seed_catalogue()
    assert load.read == 3
    assert {key: doc["rating"] for key, doc in pipeline.documents().items()} == {
        "M1": 1,
        "M3": 7.5,
        "M4": 7.5,
    }
