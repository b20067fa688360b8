"""Rows that leave quarantine: after a rule or the row was mended, once, and never over a better row."""

import dataclasses
import json
from datetime import timedelta

import psycopg2
import pytest

from include import replay
from include.errors import InputError
from include.replay import Replay, replay_documents, replay_extraction, replay_table
from include.specs import PostgresTable
from tests.integration.helpers.pipeline import Pipeline
from tests.product import CONTENT, USERS

ANA = "U1,21,Argentina,Basic,2022-10-02,58.0"
OLD = "U2,200,Chile,Basic,2022-10-02,1"
MENDED = OLD.replace("200", "20")


def widened(table: PostgresTable, name: str, **changes: object) -> PostgresTable:
    """Return the table with other rules for a column."""
    columns = tuple(
        dataclasses.replace(column, **changes) if column.name == name else column for column in table.columns
    )
    return dataclasses.replace(table, columns=columns)


def mend(pipeline: Pipeline, old: str, new: str) -> None:
    found = pipeline.warehouse(
        "update quarantine.rejected_rows set row_text = %s where row_text = %s returning 1", new, old
    )
    assert found, f"{old!r} is not in quarantine"


def replay_users(pipeline: Pipeline, table: PostgresTable = USERS) -> Replay:
    return replay_table(pipeline.app, pipeline.loader, table)


def waiting(pipeline: Pipeline) -> list[dict]:
    """Return the rows that are still in quarantine."""
    return [row for row in pipeline.quarantine() if row["released_at"] is None]


def ages(pipeline: Pipeline) -> dict[str, int]:
    return {key: row["age"] for key, row in pipeline.source_users().items()}


def movie(content_id: str, **fields: object) -> dict[str, object]:
    film = {"title": "A", "genre": ["Drama"], "duration_minutes": 90, "release_year": 2020, "rating": 7.5}
    return {"content_id": content_id, **film, "views_count": 10, "production_budget": 100} | fields


# Rows of a CSV file.


def test_mended_row_goes_the_usual_way_into_raw(pipeline):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, MENDED)
    before = pipeline.source_users()["U1"]
    assert replay_users(pipeline) == Replay("users.csv", replayed=1, still_rejected=0, superseded=0)
    assert ages(pipeline) == {"U1": 21, "U2": 20}
    assert pipeline.source_users()["U1"] == before
    pipeline.extract()
    assert pipeline.raw()["U2"]["age"] == 20
    (row,) = pipeline.quarantine()
    assert (row["release"], row["released_at"] is not None) == ("replayed", True)


def test_row_leaves_quarantine_once(pipeline):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, MENDED)
    replay_users(pipeline)
    released = pipeline.quarantine()
    pipeline.source("update users set age = 30 where user_id = 'U2'")
    assert replay_users(pipeline) == Replay("users.csv", 0, 0, 0)
    assert (ages(pipeline)["U2"], pipeline.quarantine()) == (30, released)


def test_rule_that_was_widened_lets_rows_out_as_they_came(pipeline):
    pipeline.seed_users(ANA, OLD, OLD.replace("U2,200", "U3,300"))
    table = widened(USERS, "age", maximum=250)
    pipeline.source("alter table users drop constraint users_age_check1")
    assert replay_users(pipeline, table) == Replay("users.csv", replayed=1, still_rejected=1, superseded=0)
    assert ages(pipeline) == {"U1": 21, "U2": 200}
    assert [row["reason"] for row in waiting(pipeline)] == ["is above 250"]
    pipeline.source("delete from users where age > 130")
    pipeline.source("alter table users add constraint users_age_check1 check (age <= 130)")


def test_row_that_is_still_wrong_stays_and_says_why(pipeline):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, OLD.replace("200", "twenty"))
    assert replay_users(pipeline) == Replay("users.csv", 0, still_rejected=1, superseded=0)
    (row,) = waiting(pipeline)
    assert (row["column_name"], row["value"], row["reason"]) == ("age", "twenty", "is not a whole number")
    assert list(ages(pipeline)) == ["U1"]


def test_broken_rows_do_not_swallow_each_other(pipeline):
    lines = ['U3,20,"Chile,Basic,2022-10-02,1', "U4,20,Chile", OLD, 'U5,20,Chi"le,Basic,2022-10-02,1']
    pipeline.seed_users(ANA, *lines)
    assert len(waiting(pipeline)) == 4
    mend(pipeline, OLD, MENDED)
    mend(pipeline, lines[1], 'U4,20,"Chi\nle",Basic,2022-10-02,1')
    assert replay_users(pipeline) == Replay("users.csv", replayed=2, still_rejected=2, superseded=0)
    assert ages(pipeline) == {"U1": 21, "U2": 20, "U4": 20}
    assert [row["row_text"] for row in waiting(pipeline)] == [lines[0], lines[3]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('U2,20,"' + "\nU7,20,Chile,Basic,2022-10-02,1" * 100 + '",Basic,2022-10-02,1', "never closed"),
        (f"{MENDED}\n{MENDED.replace('U2', 'U8')}", "the row is not CSV: these are several rows"),
        (MENDED.replace("Chile", 'Chi"le'), "a quote inside a field has no other half"),
        (f"{MENDED},5", "the row has 7 fields, the header has 6"),
        ("", "the row has 0 fields, the header has 6"),
        (MENDED.replace("Chile", "x" * 140_000), "field larger than field limit"),
    ],
)
def test_row_that_is_no_record_any_more_says_why(pipeline, text, reason):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, text)
    assert replay_users(pipeline) == Replay("users.csv", 0, still_rejected=1, superseded=0)
    (row,) = waiting(pipeline)
    assert reason in row["reason"]
    assert (row["column_name"], row["value"], ages(pipeline)) == (None, None, {"U1": 21})


def test_nul_is_not_replayed_as_its_picture(pipeline):
    pipeline.seed_users(ANA, "U2,20,Chi\0le,Basic,2022-10-02,1")
    assert replay_users(pipeline).still_rejected == 1
    mend(pipeline, "U2,20,Chi\\0le,Basic,2022-10-02,1", MENDED)
    assert replay_users(pipeline).replayed == 1
    assert pipeline.source_users()["U2"]["country"] == "Chile"


def test_repeated_key_never_overwrites_the_row_that_was_loaded(pipeline):
    pipeline.seed_users(ANA, ANA.replace("21", "99"))
    assert replay_users(pipeline) == Replay("users.csv", 0, still_rejected=1, superseded=0)
    assert ages(pipeline) == {"U1": 21}
    mend(pipeline, ANA.replace("21", "99"), ANA.replace("U1,21", "U9,99"))
    assert replay_users(pipeline).replayed == 1
    assert ages(pipeline) == {"U1": 21, "U9": 99}


def test_of_two_mended_rows_with_one_key_the_first_is_loaded(pipeline):
    pipeline.seed_users(ANA, OLD, OLD.replace("200", "300"))
    mend(pipeline, OLD, MENDED)
    mend(pipeline, OLD.replace("200", "300"), OLD.replace("200", "30"))
    assert replay_users(pipeline) == Replay("users.csv", replayed=1, still_rejected=1, superseded=0)
    assert ages(pipeline)["U2"] == 20
    assert waiting(pipeline)[0]["reason"] == "repeats the key of another row"


def test_rows_of_an_older_file_are_superseded(pipeline):
    pipeline.seed_users(ANA, OLD)
    pipeline.seed_users(ANA, MENDED.replace("20,", "25,", 1), batch=pipeline.batch("run 2", "2024-09-02"))
    mend(pipeline, OLD, MENDED)
    assert replay_users(pipeline) == Replay("users.csv", 0, 0, superseded=1)
    assert ages(pipeline)["U2"] == 25
    assert [row["release"] for row in pipeline.quarantine()] == ["superseded"]


def test_rows_of_a_file_that_was_refused_wait_for_the_file(pipeline):
    pipeline.seed_users(ANA)
    with pytest.raises(InputError, match="none of its 1 rows"):
        pipeline.seed_users(OLD, batch=pipeline.batch("run 2", "2024-09-02"))
    mend(pipeline, OLD, MENDED)
    assert replay_users(pipeline) == Replay("users.csv", 0, 0, 0)
    assert len(waiting(pipeline)) == 1


def test_file_with_columns_of_its_own_order_is_understood(pipeline):
    header = "note,age,user_id,country,subscription_type,total_watch_time_hours,registration_date"
    lines = ["x,21,U1,Chile,Basic,1,2022-10-02", "y,200,U2,Chile,Basic,2,2022-10-03"]
    pipeline.write_csv(USERS, lines, header)
    pipeline.seed()
    mend(pipeline, lines[1], lines[1].replace("200", "20"))
    assert replay_users(pipeline).replayed == 1
    assert pipeline.source_users()["U2"]["total_watch_time_hours"] == 2


def test_batch_that_runs_again_rejects_again(pipeline):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, MENDED)
    replay_users(pipeline)
    pipeline.seed_users(ANA, OLD)
    assert [row["release"] for row in pipeline.quarantine()] == [None]
    # A row that came broken is not a row that is gone.
    assert ages(pipeline) == {"U1": 21, "U2": 20}


def test_replay_that_is_killed_between_the_servers_is_completed_by_the_next(pipeline, monkeypatch):
    pipeline.seed_users(ANA, OLD)
    mend(pipeline, OLD, MENDED)

    def die(*_):
        raise psycopg2.OperationalError("the warehouse went away")

    with monkeypatch.context() as patch:
        patch.setattr(replay, "_reject_again", die)
        with pytest.raises(psycopg2.OperationalError):
            replay_users(pipeline)
    assert (len(waiting(pipeline)), ages(pipeline)) == (1, {"U1": 21, "U2": 20})
    before = pipeline.source_users()
    assert replay_users(pipeline).replayed == 1
    assert (waiting(pipeline), pipeline.source_users()) == ([], before)


def test_nothing_was_ever_loaded(pipeline):
    assert replay_users(pipeline) == Replay("users.csv", 0, 0, 0)


# Documents.


def replay_content(pipeline: Pipeline) -> Replay:
    return replay_documents(pipeline.product, pipeline.loader, CONTENT)


def test_mended_document_is_loaded_and_the_others_stay(pipeline):
    bad, worse = movie("M2", rating=700), movie("M3", title=None)
    pipeline.seed_content([movie("M1"), bad, worse, movie("M1", rating=1)])
    before = pipeline.documents()["M1"]
    mend(pipeline, json.dumps(bad), json.dumps(bad | {"rating": 7}))
    assert replay_content(pipeline) == Replay("content.json", replayed=1, still_rejected=2, superseded=0)
    documents = pipeline.documents()
    assert (sorted(documents), documents["M1"], documents["M2"]["rating"]) == (["M1", "M2"], before, 7)
    assert [row["position"] for row in waiting(pipeline)] == ["movies[2]", "movies[3]"]


def test_text_that_is_no_json_any_more_says_so(pipeline):
    bad = movie("M2", rating=700)
    pipeline.seed_content([movie("M1"), bad])
    mend(pipeline, json.dumps(bad), "{rating: 7}")
    assert replay_content(pipeline).still_rejected == 1
    assert waiting(pipeline)[0]["reason"].startswith("is not JSON any more: ")


def unchecked(pipeline: Pipeline, document: dict[str, object]) -> None:
    pipeline.product.content.insert_one(document, bypass_document_validation=True)


def test_document_that_an_extraction_rejected_is_read_again(pipeline):
    pipeline.seed_content([movie("M1")])
    stamps = {"content_type": "movie", "updated_at": pipeline.documents()["M1"]["updated_at"]}
    unchecked(pipeline, {"_id": 1, **movie("M2", rating=700), **stamps})
    unchecked(pipeline, {"_id": 2, **movie("M3", rating="good"), **stamps})
    pipeline.extract_content()
    assert len(waiting(pipeline)) == 2
    # The stamp stays, as when a rule is changed: the next load would not read it.
    pipeline.product.content.update_one({"_id": 1}, {"$set": {"rating": 7}})
    pipeline.extract_content(pipeline.batch("run 2"), dataclasses.replace(CONTENT, overlap=timedelta(0)))
    assert sorted(pipeline.raw("mongo_movies")) == ["M1"]
    found = replay_extraction(pipeline.catalogue, pipeline.loader, CONTENT, pipeline.batch("replay 1"))
    assert found == Replay("mongo_content", replayed=1, still_rejected=1, superseded=1)
    assert sorted(pipeline.raw("mongo_movies")) == ["M1", "M2"]
    assert [(row["position"], row["batch_id"]) for row in waiting(pipeline)] == [("2", "replay 1")]
    again = replay_extraction(pipeline.catalogue, pipeline.loader, CONTENT, pipeline.batch("replay 2"))
    assert again == Replay("mongo_content", replayed=0, still_rejected=1, superseded=1)
