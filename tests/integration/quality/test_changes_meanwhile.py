"""What changes in the source after the load, or was rejected by it, is no difference and hides none."""

import pytest

from tests.integration.quality.comparison import (
    TABLES,
    change,
    difference,
    load,
    reconcile,
    tamper,
)
from tests.integration.quality.files import USER_ROWS


def test_rows_that_change_after_the_load_are_no_difference(loaded):
    loaded.source("update users set age = 90 where user_id = 'U1'")
    loaded.source("insert into users (user_id, age, registration_date) values ('U8', 30, '2022-10-02')")
    loaded.source("delete from viewing_sessions")
    change(loaded, "M1", views_count=1000, genre=["Drama"])
    loaded.product.content.delete_one({"content_id": "S1"})
    assert reconcile(loaded) == TABLES


def test_change_after_the_load_hides_no_other_difference(loaded):
    loaded.source("delete from users where user_id = 'U1'")
    loaded.source("update users set age = 90 where user_id = 'U2'")
    change(loaded, "M1", views_count=1000)
    loaded.product.content.delete_one({"content_id": "M2"})
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    tamper(loaded, "update raw.mongo_movies set views_count = 5 where content_id = 'M3'")
    message = difference(loaded)
    assert "First keys: U3 (age 23 in the source, 99 in raw)." in message
    assert "First keys: M3 (views_count 3 in the source, 5 in raw)." in message


def test_difference_that_the_source_has_changed_since_names_no_key(loaded):
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    loaded.source("update users set age = 90 where user_id = 'U3'")
    assert "No key differs any more" in difference(loaded)


def test_row_written_by_a_transaction_that_ends_after_the_load_is_no_difference(loaded):
    slow = loaded.platform.connect("app")
    with slow.cursor() as cursor:
        cursor.execute("insert into users (user_id, age, registration_date) values ('U8', 30, '2022-10-02')")
        load(loaded)
        slow.commit()
    assert reconcile(loaded)["postgres_users"] == 7
    load(loaded)
    assert reconcile(loaded)["postgres_users"] == 8


def test_rejected_and_repeated_rows_are_no_difference(loaded):
    loaded.seed_users(*USER_ROWS, USER_ROWS[0], "U8,old,Peru,Basic,2022-10-02,1")
    now = loaded.product.command("hello")["localTime"]
    bad = {"content_id": "M8", "content_type": "movie", "title": "Film", "rating": "good", "genre": ["Drama"]}
    game = {"content_id": "X1", "content_type": "game", "title": "Game"}
    for document in (bad, game):
        loaded.product.content.insert_one(document | {"updated_at": now}, bypass_document_validation=True)
    load(loaded)
    assert len(loaded.quarantine()) == 4
    assert reconcile(loaded) == TABLES


@pytest.mark.parametrize("later_batch", [False, True])
def test_document_whose_newer_version_was_rejected_is_no_difference(loaded, later_batch):
    change(loaded, "M1", rating="good", views_count=1000, genre=["Drama"])
    load(loaded)
    if later_batch:
        # Read no more: it is in the quarantine of the batch before.
        loaded.warehouse("update ops.watermarks set watermark = watermark + interval '1 hour'")
        load(loaded, "run 2")
    assert [row["batch_id"] for row in loaded.quarantine()] == ["run 1"]
    assert reconcile(loaded) == TABLES


def test_document_that_was_mended_is_compared_again(loaded):
    change(loaded, "M1", rating="good")
    load(loaded)
    change(loaded, "M1", rating=8.5)
    load(loaded, "run 2")
    assert reconcile(loaded, "run 2") == TABLES
    tamper(loaded, "update raw.mongo_movies set rating = 1 where content_id = 'M1'")
    assert "M1 (rating 8.5 in the source, 1 in raw)" in difference(loaded)
