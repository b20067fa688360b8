"""Watermark and overlap: what a load reads, whatever the clocks and zones."""

from datetime import UTC, timedelta

import pytest

from tests.integration.extract_load.mongo.catalogue import (
    GENRES,
    SEASONS,
    STRICT_CONTENT,
    change,
    genres,
    write_past_the_validator,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show
from tests.integration.helpers.stored import hand_out


def test_document_stamped_a_little_before_the_watermark_is_found(pipeline):
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    # Its transaction began before that load and committed after it.
    a_minute_ago = pipeline.product.command("hello")["localTime"] - timedelta(minutes=1)
    write_past_the_validator(pipeline, movie("M2"), a_minute_ago)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {}
    loads = pipeline.extract_content(pipeline.batch("run 3"))
    assert loads["mongo_movies"].inserted == 1
    assert sorted(live(pipeline.raw("mongo_movies"))) == ["M1", "M2"]


def test_only_what_changed_since_the_watermark_is_read(pipeline):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    pipeline.seed_content([movie(), movie("M2", rating=1)], [show()])
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert {table: load.read for table, load in loads.items()} == {
        "mongo_movies": 1,
        "mongo_series": 0,
        GENRES: 2,
        SEASONS: 0,
    }


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_zone_of_the_warehouse_does_not_matter(pipeline, zone):
    with pipeline.loader.cursor() as cursor:
        cursor.execute("set time zone %s", (zone,))
    pipeline.loader.commit()
    pipeline.seed_content([movie()])
    pipeline.extract_content()
    now = pipeline.product.command("hello")["localTime"].replace(tzinfo=UTC)
    (row,) = pipeline.warehouse("select watermark from ops.watermarks")
    assert timedelta(0) <= now - row["watermark"] < timedelta(minutes=1)
    change(pipeline, "M1", rating=1)
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1}
    updated_at = pipeline.documents()["M1"]["updated_at"].replace(tzinfo=UTC)
    assert pipeline.raw("mongo_movies")["M1"]["_source_updated_at"] == updated_at


def test_document_that_moves_while_it_is_read_counts_as_it_is_last(pipeline, monkeypatch):
    pipeline.seed_content([movie(genre=["a", "b", "c"])])
    earlier = list(pipeline.catalogue.content.find_raw_batches())
    change(pipeline, "M1", genre=["d"], rating=1)
    hand_out(monkeypatch, lambda collection, stages, batches: [*batches, *earlier])
    loads = pipeline.extract_content()
    assert counts(loads["mongo_movies"]) == counts(loads[GENRES]) == {"read": 1, "inserted": 1}
    assert pipeline.raw("mongo_movies")["M1"]["rating"] == 1
    assert genres(pipeline) == ["d"]
