"""How often a collection is read, and what goes straight into raw."""

import pytest
from pymongo.command_cursor import RawBatchCommandCursor

from include.errors import InputError
from include.extract_load import mongo, raw
from include.extract_load.mongo_documents import Sorter
from tests.integration.extract_load.mongo.catalogue import GENRES, STRICT_CONTENT, change, genres
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import movie, show
from tests.integration.helpers.stored import hand_out


@pytest.fixture
def queries(pipeline, monkeypatch):
    """Return what is asked of the collection, as a list that grows."""
    asked = []
    hand_out(monkeypatch, lambda collection, stages, batches: asked.append(stages) or batches)
    return asked


def test_first_load_reads_the_collection_once_and_stages_nothing(pipeline, queries, monkeypatch):
    monkeypatch.setattr(raw, "create_stage", None)
    pipeline.seed_content([movie(), movie("M2")], [show()])
    queries.clear()
    loads = pipeline.extract_content()
    assert queries == [[{"$match": {}}]]
    assert counts(loads["mongo_movies"]) == {"read": 2, "inserted": 2}
    assert counts(loads[GENRES]) == {"read": 5, "inserted": 5}
    row = pipeline.raw("mongo_movies")["M1"]
    assert (row["_batch_id"], row["_loaded_at"]) == ("run 1", loads["mongo_movies"].started_at)


@pytest.mark.parametrize("is_read", [True, False], ids=["somebody reads raw", "nobody does"])
def test_first_load_waits_for_no_reader_and_leaves_no_default(pipeline, is_read, in_background):
    pipeline.seed_content([movie()], [show()])
    with pipeline.admin.cursor() as reader:
        if is_read:
            reader.execute("begin; select * from raw.mongo_series")
        loads = in_background(pipeline.extract_content).result(20)
        reader.execute("rollback")
    for table in ("mongo_movies", "mongo_series"):
        assert {row["_loaded_at"] for row in pipeline.raw(table).values()} == {loads[table].started_at}
    defaults = """
        select count(*) as found from pg_attrdef inner join pg_class on pg_class.oid = adrelid
        where relnamespace = 'raw'::regnamespace and relname like 'mongo%'
    """
    assert pipeline.warehouse(defaults) == [{"found": 0}]


def test_without_an_index_one_pass_brings_changes_and_deletions(pipeline, queries):
    pipeline.seed_content([movie(), movie("M2"), movie("M3")], [show()])
    pipeline.extract_content()
    change(pipeline, "M1", rating=1, genre=["Horror"])
    pipeline.product.content.delete_one({"content_id": "M2"})
    queries.clear()
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    assert queries == [[{"$match": {}}]]
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1, "deleted": 1}
    assert sorted(live(pipeline.raw("mongo_movies"))) == ["M1", "M3"]
    assert genres(pipeline) == ["Horror"]


def test_by_an_index_only_changes_and_keys_are_read(pipeline, queries, monkeypatch):
    pipeline.seed_content([movie(), movie("M2")], [show()])
    pipeline.extract_content()
    change(pipeline, "M1", rating=1)
    pipeline.product.content.delete_one({"content_id": "M2"})
    # The embedded server has no index for the question; MongoDB has.
    monkeypatch.setattr(mongo, "finds_by_index", lambda *_: True)
    queries.clear()
    loads = pipeline.extract_content(pipeline.batch("run 2"), STRICT_CONTENT)
    (changed,), keys = queries
    assert list(changed["$match"]["updated_at"]) == ["$not"]
    assert keys == [{"$match": {}}, {"$project": {"_id": 0, "content_id": 1, "content_type": 1}}]
    assert counts(loads["mongo_movies"]) == {"read": 1, "updated": 1, "deleted": 1}


def test_movie_that_becomes_a_series_while_it_is_read_first_is_one_title(pipeline, monkeypatch):
    pipeline.seed_content([movie("X1")])
    earlier = list(pipeline.catalogue.content.find_raw_batches())
    pipeline.seed_content([], [show("X1", genre=["Drama"])])
    hand_out(monkeypatch, lambda collection, stages, batches: [*earlier, *batches])
    loads = pipeline.extract_content()
    assert counts(loads["mongo_series"]) == {"read": 1, "inserted": 1}
    monkeypatch.undo()
    # What changed meanwhile is read again.
    pipeline.extract_content(pipeline.batch("run 2"))
    assert live(pipeline.raw("mongo_movies")) == {}
    assert list(live(pipeline.raw("mongo_series"))) == ["X1"]
    assert genres(pipeline, "X1") == ["Drama"]


def test_first_load_that_must_reject_too_much_leaves_raw_empty_and_says_why(pipeline):
    pipeline.seed_content([movie(f"M{number}") for number in range(100)])
    broken = {"content_id": {"$gte": "M5"}}
    pipeline.product.content.update_many(
        broken, {"$set": {"rating": "high"}}, bypass_document_validation=True
    )
    with pytest.raises(InputError, match="mongo_content: 55 of the 100 rows read cannot be loaded"):
        pipeline.extract_content()
    assert pipeline.raw("mongo_movies") == pipeline.raw(GENRES) == {}
    assert [row["rule"] for row in pipeline.quarantine()] == ["wrong_type"] * 55


def test_large_documents_are_asked_for_and_held_few_at_once(pipeline, monkeypatch):
    pipeline.seed_content([movie(f"M{number}") for number in range(5)])
    pipeline.product.content.update_many({}, {"$set": {"plot": "x" * 2_000_000}})
    sizes, held, sort = [], [], Sorter.sort
    monkeypatch.setattr(RawBatchCommandCursor, "batch_size", lambda self, size: sizes.append(size))
    monkeypatch.setattr(Sorter, "sort", lambda self, piece: held.append(len(piece)) or sort(self, piece))
    loads = pipeline.extract_content()
    assert counts(loads["mongo_movies"]) == {"read": 5, "inserted": 5}
    # Asked for ten, the server had five, of 10 MB.
    assert (min(sizes), held) == (4, [1] * 5)
