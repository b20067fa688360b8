"""Texts too long for an index or a parser, or of blanks: in quarantine by line and column, or as is."""

import logging
import random

import pytest

from include.replay import Replay, replay_table
from tests.integration.helpers.loads import column, counts, rejections
from tests.integration.helpers.samples import ANA, BEN
from tests.product import USERS, VIEWING_SESSIONS

SESSION = {
    "session_id": "S1",
    "user_id": "U1",
    "content_id": "M1",
    "watch_date": "2024-09-01",
    "watch_duration_minutes": "1",
    "completion_percentage": "1",
    "device_type": "TV",
    "quality_level": "HD",
}
TEXTS = ["session_id", "user_id", "content_id", "device_type", "quality_level"]
BLANK = [" ", "\t", "\u00a0", "\u200b", "\ufeff", "\u3000 \u2060", "\u200e", "\x1f"]


def incompressible(size: int, signs: str = "abcdefghijklmnopqrstuvwxyz0123456789") -> str:
    return "".join(random.Random(size).choices(signs, k=size))


def session(**values: str) -> str:
    return ",".join((SESSION | values).values())


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("size", [1001, 2690, 2700, 100_000, 200_000])
def test_text_beyond_its_bound_is_in_quarantine_by_line_and_column(pipeline, name, size):
    value = incompressible(size)
    load = pipeline.seed_sessions(session(session_id="S0"), session(**{name: value}))
    assert counts(load) == {"read": 2, "inserted": 1, "quarantined": 1}
    (row,) = pipeline.quarantine()
    reason = "is longer than 1000 bytes"
    if size > 131_072:
        reason = "is a field larger than field limit (131072 characters)"
    assert (row["position"], row["column_name"], row["reason"]) == ("3", name, reason)
    assert row["value"].startswith(value[:180] + f"… ({size:,} bytes, md5 ")
    assert row["row_text"] == session(**{name: value})


@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "with quotes"])
def test_bound_is_in_bytes_and_inclusive(pipeline, quote):
    fits = {"U1": "x" * 1000, "U2": "ä" * 500, "U3": "😀" * 250, "U4": incompressible(1000)}
    beyond = {"U5": "x" * 1001, "U6": "ä" * 500 + "x", "U7": "😀" * 251}
    lines = [f"{key},21,{quote}{text}{quote},Basic,2022-10-02,1" for key, text in (fits | beyond).items()]
    assert counts(pipeline.seed_users(*lines)) == {"read": 7, "inserted": 4, "quarantined": 3}
    assert column(pipeline.source_users(), "country") == fits
    assert {row["rule"] for row in pipeline.quarantine()} == {"too_long"}
    pipeline.extract()
    assert column(pipeline.raw(), "country") == fits


def test_texts_of_every_column_at_their_bounds_reach_raw(pipeline):
    values = {name: incompressible(1000, "äöü" + "abc" * n)[:500] for n, name in enumerate(TEXTS, 1)}
    assert counts(pipeline.seed_sessions(session(**values))) == {"read": 1, "inserted": 1}
    pipeline.extract(VIEWING_SESSIONS)
    (row,) = pipeline.raw("postgres_viewing_sessions").values()
    assert {name: row[name] for name in TEXTS} == values


def test_stored_row_stays_when_the_file_has_too_long_a_text_for_it(pipeline):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.source_users()
    load = pipeline.seed_users(ANA.replace("Argentina", "x" * 9999), BEN, batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1}
    assert pipeline.source_users() == before


def test_message_about_a_file_of_long_texts_is_short(pipeline):
    pipeline.write_csv(USERS, [f"U1,{'9' * 50_000},Chile,Basic,2022-10-02,1"])
    with pytest.raises(Exception, match="none of its 1 rows can be loaded") as refused:
        pipeline.seed()
    assert len(str(refused.value)) < 800


@pytest.mark.parametrize("blank", BLANK)
def test_blanks_are_no_key_and_no_number(pipeline, blank):
    good = ANA.replace("58.0", blank).replace("21", blank)
    load = pipeline.seed_users(good, f"{blank},21,Chile,Basic,2022-10-02,1", f"U2,2,x,y,{blank},1")
    assert counts(load) == {"read": 3, "inserted": 1, "quarantined": 2}
    assert rejections(pipeline) == [
        ("3", "user_id", blank, "is empty"),
        ("4", "registration_date", blank, "is empty"),
    ]
    assert column(pipeline.source_users(), "age") == {"U0001": None}


@pytest.mark.parametrize("blank", BLANK)
def test_blanks_of_other_texts_stay_as_they_are(pipeline, blank):
    pipeline.seed_sessions(session(device_type=f"TV{blank}", user_id=blank))
    pipeline.extract(VIEWING_SESSIONS)
    (row,) = pipeline.raw("postgres_viewing_sessions").values()
    assert (row["device_type"], row["user_id"]) == (f"TV{blank}", blank)


@pytest.mark.parametrize("last", ["x", '"x"'], ids=["plain", "with quotes"])
def test_columns_that_nobody_needs_may_be_many(pipeline, caplog, last):
    names = [f"extra_{number}" for number in range(2999)]
    header = ",".join([*names, *(column.name for column in USERS.file_columns), "last"])
    line = ",".join([*(str(number) for number in range(2999)), ANA, last])
    pipeline.write_csv(USERS, [line, "too,short"], header)
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed()
    assert counts(load) == {"read": 2, "inserted": 1, "quarantined": 1}
    assert load.notes == [
        "users.csv has columns that are not loaded: extra_0, extra_1, extra_2, extra_3, extra_4, extra_5,"
        " extra_6, extra_7, extra_8, extra_9 and 2,990 more"
    ]
    assert max(map(len, caplog.messages)) < 500
    assert pipeline.source_users()["U0001"]["country"] == "Argentina"


def test_rows_below_a_header_with_line_breaks_can_be_replayed(pipeline):
    header = 'user_id,"age",country,subscription_type,registration_date,total_watch_time_hours,"note\n(any)"'
    pipeline.write_csv(USERS, [f"{ANA},x", f"{BEN.replace('35', 'old')},y"], header)
    assert counts(pipeline.seed()) == {"read": 2, "inserted": 1, "quarantined": 1}
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"], row["header"]) == ("4", "age", header)
    assert replay_table(pipeline.app, pipeline.loader, USERS) == Replay("users.csv", 0, 1, 0)
    pipeline.warehouse("update quarantine.rejected_rows set row_text = replace(row_text, 'old', '35')")
    assert replay_table(pipeline.app, pipeline.loader, USERS) == Replay("users.csv", 1, 0, 0)
    assert column(pipeline.source_users(), "age") == {"U0001": 21, "U0002": 35}


def test_rows_that_a_quote_swallowed_are_not_deleted(pipeline):
    pipeline.seed_users(ANA, BEN, "U0003,3,Cuba,Basic,2022-10-02,1")
    swallowing = f'U0009,9,"Peru\n{BEN}\nx",Basic,2022-10-02,1'
    load = pipeline.seed_users(ANA, swallowing, batch=pipeline.batch("run 2"))
    assert counts(load) == {"read": 2, "inserted": 1, "unchanged": 1, "deleted": 1}
    assert sorted(pipeline.source_users()) == ["U0001", "U0002", "U0009"]
    assert "lines that look like rows (line 4)" in load.notes[0]
