"""A load that cannot account for everything that its source handed out is not kept."""

import pytest

from include.errors import DataQualityError
from include.extract_load import postgres, raw
from include.extract_load.plain_documents import PlainKind
from tests.integration.helpers.pipeline import Pipeline
from tests.product import USERS

USER_ROWS = [f"U{n},2{n},Peru,Basic,2022-10-02,{n}.5" for n in range(1, 4)]
MOVIES = [{"content_id": f"M{n}", "title": "Film", "genre": ["Drama", "Crime"]} for n in range(1, 4)]


def _loads(pipeline: Pipeline) -> list[dict]:
    return pipeline.warehouse("select * from ops.load_runs where stage = 'extract' order by load_run_id")


def test_row_that_a_first_load_loses_stops_it(pipeline, monkeypatch):
    pipeline.seed_users(*USER_ROWS)
    pipe = postgres._pipe
    monkeypatch.setattr(postgres, "_pipe", lambda *arguments: (pipe(*arguments)[0], 2))
    with pytest.raises(DataQualityError, match="postgres_users: 3 rows were read, and 2 are accounted for"):
        pipeline.extract(USERS, pipeline.batch("run 1"))
    assert pipeline.warehouse("select * from raw.postgres_users") == _loads(pipeline) == []


def test_row_that_a_later_load_loses_stops_it(pipeline, monkeypatch):
    pipeline.seed_users(*USER_ROWS)
    pipeline.extract(USERS, pipeline.batch("run 1"))
    before = pipeline.warehouse("select * from raw.postgres_users order by 1")
    pipeline.source("update users set age = 80")
    merge = raw.merge

    def lose_a_row(cursor, *arguments):
        cursor.execute("delete from stage_postgres_users where user_id = 'U2'")
        return merge(cursor, *arguments)

    monkeypatch.setattr(raw, "merge", lose_a_row)
    with pytest.raises(DataQualityError, match="postgres_users: 3 rows were read, and 2 are accounted for"):
        pipeline.extract(USERS, pipeline.batch("run 2"))
    assert pipeline.warehouse("select * from raw.postgres_users order by 1") == before
    assert len(_loads(pipeline)) == 1


def test_document_that_was_not_copied_stops_the_first_load(pipeline, monkeypatch):
    pipeline.seed_content(MOVIES, [])
    _lose_the_first_document(monkeypatch)
    with pytest.raises(DataQualityError, match="mongo_content: of 3 documents that were read"):
        pipeline.extract_content(pipeline.batch("run 1"))
    assert _loads(pipeline) == []
    assert pipeline.warehouse("select * from raw.mongo_movies") == []


def test_document_that_was_not_copied_stops_a_later_load(pipeline, monkeypatch):
    pipeline.seed_content(MOVIES, [])
    before = pipeline.extract_content(pipeline.batch("run 1"))
    _lose_the_first_document(monkeypatch)
    with pytest.raises(DataQualityError, match="mongo_content: of 3 documents that were read"):
        pipeline.extract_content(pipeline.batch("run 2"))
    assert len(_loads(pipeline)) == len(before)


def _lose_the_first_document(monkeypatch):
    rows, first = PlainKind.rows, MOVIES[0]["content_id"]

    def others(kind, documents):
        return rows(kind, [document for document in documents if document["content_id"] != first])

    monkeypatch.setattr(PlainKind, "rows", others)
