"""What a load brings: new, changed, deleted and returned rows, with their values and stamps."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.integration.extract_load.postgres.users import (
    INSERT,
    STRICT_USERS,
    assert_raw_is_the_source,
    stamps,
    values,
)
from tests.integration.helpers.loads import counts, live
from tests.integration.helpers.samples import ANA, BEN
from tests.product import VIEWING_SESSIONS


def test_first_load_brings_every_row_with_its_stamps(pipeline):
    pipeline.seed_users(ANA, BEN)
    before = datetime.now(UTC)
    load = pipeline.extract()
    assert counts(load) == {"read": 2, "inserted": 2}
    raw = assert_raw_is_the_source(pipeline)
    assert raw["U0001"]["total_watch_time_hours"] == Decimal("58.0")
    assert stamps(raw["U0001"]) == {
        "_batch_id": "run 1",
        "_as_of": date(2024, 9, 1),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }
    assert before < load.started_at < datetime.now(UTC)
    assert raw["U0001"]["_source_updated_at"] == pipeline.source_users()["U0001"]["updated_at"]


def test_load_is_recorded_with_its_numbers_and_watermark(pipeline):
    pipeline.seed_users(ANA, BEN)
    load = pipeline.extract()
    pipeline.source("delete from users where user_id = 'U0001'")
    pipeline.source("update users set age = 36")
    pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    runs = [row for row in pipeline.load_runs() if row["stage"] == "extract"]
    assert [row["table_name"] for row in runs] == ["postgres_users"] * 2
    names = ("read", "inserted", "updated", "unchanged", "quarantined", "deleted")
    assert [[row[f"rows_{name}"] for name in names] for row in runs] == [
        [2, 2, 0, 0, 0, 0],
        [1, 0, 1, 0, 0, 1],
    ]
    assert runs[0]["watermark"] == load.watermark
    (watermark,) = pipeline.warehouse("select * from ops.watermarks")
    assert (watermark["table_name"], watermark["batch_id"]) == ("postgres_users", "run 2")
    assert watermark["watermark"] == runs[1]["watermark"] > runs[0]["watermark"]


def test_nothing_changed_nothing_stamped(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    again = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(again) == {"read": 2, "unchanged": 2}
    assert pipeline.raw() == before
    # Beyond the overlap nothing is even read.
    later = pipeline.extract(STRICT_USERS, pipeline.batch("run 3", "2024-09-03"))
    assert counts(later) == {}
    assert pipeline.raw() == before
    assert len(before) == 2


def test_update_stamps_its_row_only(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("update users set country = 'Peru', age = null where user_id = 'U0001'")
    load = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "updated": 1, "unchanged": 1}
    after = assert_raw_is_the_source(pipeline)
    assert after["U0002"] == before["U0002"]
    assert (after["U0001"]["country"], after["U0001"]["age"]) == ("Peru", None)
    assert stamps(after["U0001"]) == {
        "_batch_id": "run 2",
        "_as_of": date(2024, 9, 2),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }
    assert after["U0001"]["_source_updated_at"] > before["U0001"]["_source_updated_at"]


def test_deleted_row_is_marked_once(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("delete from users where user_id = 'U0001'")
    load = pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 1, "unchanged": 1, "deleted": 1}
    after = pipeline.raw()
    assert after["U0002"] == before["U0002"]
    assert values(after) == values(before)
    assert stamps(after["U0001"]) == {
        "_batch_id": "run 2",
        "_as_of": date(2024, 9, 2),
        "_loaded_at": load.started_at,
        "_deleted_at": load.started_at,
    }
    assert counts(pipeline.extract(batch=pipeline.batch("run 3"))) == {"read": 1, "unchanged": 1}
    assert pipeline.raw() == after


@pytest.mark.parametrize("age", [21, 22])
def test_row_that_returns_lives_again(pipeline, age):
    insert = "insert into users (user_id, age, registration_date, created_at)"
    insert += " values ('U0001', %s, '2022-10-02', '2024-01-01')"
    pipeline.source(insert, 21)
    pipeline.extract()
    pipeline.source("delete from users")
    pipeline.extract(batch=pipeline.batch("run 2"))
    # The same row to the last value, or another.
    pipeline.source(insert, age)
    load = pipeline.extract(batch=pipeline.batch("run 3", "2024-09-03"))
    assert counts(load) == {"read": 1, "updated": 1}
    row = assert_raw_is_the_source(pipeline)["U0001"]
    assert row["age"] == age
    assert stamps(row) == {
        "_batch_id": "run 3",
        "_as_of": date(2024, 9, 3),
        "_loaded_at": load.started_at,
        "_deleted_at": None,
    }


def test_whole_table_may_be_emptied(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    pipeline.source("truncate users")
    assert counts(pipeline.extract(batch=pipeline.batch("run 2"))) == {"deleted": 2}
    assert live(pipeline.raw()) == {}
    assert len(pipeline.raw()) == 2


def test_empty_source_loads_nothing(pipeline):
    assert counts(pipeline.extract()) == {}
    assert pipeline.raw() == {}
    pipeline.seed_users(ANA)
    assert counts(pipeline.extract()) == {"read": 1, "inserted": 1}


def test_touched_row_keeps_its_stamps(own_pipeline):
    pipeline = own_pipeline
    pipeline.seed_users(ANA, BEN)
    pipeline.extract()
    before = pipeline.raw()
    pipeline.source("update users set age = age")
    assert counts(pipeline.extract(STRICT_USERS, pipeline.batch("run 2"))) == {}
    pipeline.source("alter table users disable trigger touch_updated_at")
    pipeline.source("update users set updated_at = now()")
    load = pipeline.extract(STRICT_USERS, pipeline.batch("run 3"))
    assert counts(load) == {"read": 2, "unchanged": 2}
    assert pipeline.raw() == before


def test_sessions_are_loaded_as_users_are(pipeline):
    pipeline.seed_sessions("S1,U0001,M1,2024-02-16,9,18.8,Desktop,4K", "S2,nobody,,2024-02-17,0.25,100,,")
    assert counts(pipeline.extract(VIEWING_SESSIONS)) == {"read": 2, "inserted": 2}
    rows = pipeline.raw("postgres_viewing_sessions")
    assert [rows["S2"][column.name] for column in VIEWING_SESSIONS.file_columns] == [
        "S2",
        "nobody",
        None,
        date(2024, 2, 17),
        Decimal("0.25"),
        Decimal("100"),
        None,
        None,
    ]
    assert pipeline.raw() == {}


def test_values_arrive_as_they_are(pipeline):
    texts = [
        "tab\tline\nreturn\rback\\slash \\N \\. \"quoted\" 'single'",
        "名前 🎬 naïve \u202e \u0001",
        "",
        " ",
        None,
        "'); drop table raw.postgres_users; --",
        "x" * 1000,
    ]
    for number, text in enumerate(texts):
        pipeline.source(
            "insert into users values (%s, %s, %s, 'Basic', '1900-01-01', 0.10)", f"U{number}", number, text
        )
    assert counts(pipeline.extract()) == {"read": len(texts), "inserted": len(texts)}
    rows = assert_raw_is_the_source(pipeline)
    assert [rows[f"U{number}"]["country"] for number in range(len(texts))] == texts
    # numeric keeps how it was written.
    assert str(rows["U0"]["total_watch_time_hours"]) == "0.10"


def test_source_with_other_types_is_made_the_warehouses(own_pipeline):
    own_pipeline.source("alter table users alter age type smallint, alter country type varchar(50)")
    own_pipeline.source("alter table users alter user_id type varchar(10)")
    own_pipeline.seed_users(ANA)
    assert counts(own_pipeline.extract()) == {"read": 1, "inserted": 1}
    assert_raw_is_the_source(own_pipeline)


def test_as_of_never_goes_backwards(pipeline):
    pipeline.seed_users(ANA, BEN)
    pipeline.extract(batch=pipeline.batch("run 2", "2024-09-02"))
    pipeline.source("update users set age = 22 where user_id = 'U0001'")
    pipeline.source("delete from users where user_id = 'U0002'")
    load = pipeline.extract(batch=pipeline.batch("run 1", "2024-09-01"))
    assert counts(load) == {"read": 1, "updated": 1, "deleted": 1}
    raw = pipeline.raw()
    assert [(row["_batch_id"], row["_as_of"]) for row in raw.values()] == [("run 1", date(2024, 9, 2))] * 2
    assert {row["_loaded_at"] for row in raw.values()} == {load.started_at}


def test_stamps_of_later_loads_are_later(pipeline):
    pipeline.source(INSERT, "U0001", 0)
    seen = []
    for age in range(1, 6):
        pipeline.source("update users set age = %s", age)
        pipeline.extract(batch=pipeline.batch(f"run {age}"))
        seen.append(pipeline.raw()["U0001"]["_loaded_at"])
    assert seen == sorted(set(seen))
    assert len(seen) == 5
