"""Rows of a CSV file that cannot be loaded: each is set aside with its reason, and the rest loads."""

from datetime import date
from decimal import Decimal

import pytest

from tests.integration.helpers.loads import column, counts, rejections
from tests.integration.helpers.samples import ANA, BEN, CAT

WATCHED = "S000001,U0001,S001,2024-02-16,9,18.8,Desktop,4K"
BAD_USERS = [
    ("U0002,old,Brazil,Basic,2023-01-15,1", "age", "old", "is not a whole number"),
    ("U0002,21.5,Brazil,Basic,2023-01-15,1", "age", "21.5", "is not a whole number"),
    ("U0002,-1,Brazil,Basic,2023-01-15,1", "age", "-1", "is below 0"),
    ("U0002,131,Brazil,Basic,2023-01-15,1", "age", "131", "is above 130"),
    ("U0002,99999999999,Brazil,Basic,2023-01-15,1", "age", "99999999999", "is above 130"),
    (f"U0002,{'9' * 40},Brazil,Basic,2023-01-15,1", "age", "9" * 40, "is not a whole number"),
    ("U0002,1e1,Brazil,Basic,2023-01-15,1", "age", "1e1", "is not a whole number"),
    ("U0002,0x10,Brazil,Basic,2023-01-15,1", "age", "0x10", "is not a whole number"),
    ("U0002,1_0,Brazil,Basic,2023-01-15,1", "age", "1_0", "is not a whole number"),
    ("U0002,٢١,Brazil,Basic,2023-01-15,1", "age", "٢١", "is not a whole number"),
    ("U0002,\u200321,Brazil,Basic,2023-01-15,1", "age", "\u200321", "is not a whole number"),
    ("U0002,21,Brazil,Basic,2023-01-15,1.2.3", "total_watch_time_hours", "1.2.3", "is not a number"),
    ('U0002,21,Brazil,Basic,2023-01-15,"1,5"', "total_watch_time_hours", "1,5", "is not a number"),
    ("U0002,21,Brazil,Basic,2023-01-15,\u00a058", "total_watch_time_hours", "\u00a058", "is not a number"),
    ("U0002,21,Brazil,Basic,2023-01-15,-0.5", "total_watch_time_hours", "-0.5", "is below 0"),
    ("U0002,21,Brazil,Basic,2023-01-15,NaN", "total_watch_time_hours", "NaN", "is not a number"),
    ("U0002,21,Brazil,Basic,2023-01-15,Infinity", "total_watch_time_hours", "Infinity", "is not a number"),
    ("U0002,21,Brazil,Basic,2023-01-15,1e99", "total_watch_time_hours", "1e99", "is above 99999999"),
    ("U0002,21,Brazil,Basic,2023-01-15,1e999", "total_watch_time_hours", "1e999", "is not a number"),
    ("U0002,21,Brazil,Basic,15.01.2023,1", "registration_date", "15.01.2023", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,2024-02-30,1", "registration_date", "2024-02-30", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,2023-02-29,1", "registration_date", "2023-02-29", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,today,1", "registration_date", "today", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,infinity,1", "registration_date", "infinity", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,0000-01-01,1", "registration_date", "0000-01-01", "is not a date (YYYY-MM-DD)"),
    ("U0002,21,Brazil,Basic,1023-01-15,1", "registration_date", "1023-01-15", "is below 1900-01-01"),
    ("U0002,21,Brazil,Basic,9999-12-31,1", "registration_date", "9999-12-31", "is above 2100-12-31"),
    ("U0002,21,Brazil,Basic,,1", "registration_date", None, "is empty"),
    (",21,Brazil,Basic,2023-01-15,1", "user_id", None, "is empty"),
    ('"",21,Brazil,Basic,2023-01-15,1', "user_id", None, "is empty"),
    ("   ,21,Brazil,Basic,2023-01-15,1", "user_id", "   ", "is empty"),
    ("\t,21,Brazil,Basic,2023-01-15,1", "user_id", "\t", "is empty"),
    ("\u00a0,21,Brazil,Basic,2023-01-15,1", "user_id", "\u00a0", "is empty"),
    ("U0001,9,Brazil,Basic,2023-01-15,1", "user_id", "U0001", "repeats the key of line 2"),
    ("U0002,21,Brazil,Basic,2023-01-15", None, None, "the row has 5 fields, the header has 6"),
    ("U0002,21,Brazil,Basic,2023-01-15,1,", None, None, "the row has 7 fields, the header has 6"),
    ('U0002,21,"a,b",Basic,2023-01-15', None, None, "the row has 5 fields, the header has 6"),
    # The first thing wrong is named.
    ("U0002,old,Brazil,Basic,never,lots", "age", "old", "is not a whole number"),
]


@pytest.mark.parametrize(("line", "name", "value", "reason"), BAD_USERS)
def test_bad_user_is_set_aside_and_the_rest_loads(pipeline, line, name, value, reason):
    load = pipeline.seed_users(ANA, line, CAT)
    assert counts(load) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert sorted(pipeline.source_users()) == ["U0001", "U0003"]
    assert pipeline.source_users()["U0001"]["age"] == 21
    (row,) = pipeline.quarantine()
    assert (row["position"], row["column_name"], row["reason"]) == ("3", name, reason)
    # An empty value may be shown as none or as an empty text.
    assert (row["value"] or None) == (value or None)
    assert row["row_text"] == line
    assert (row["source_name"], row["table_name"], row["stage"]) == ("users.csv", "users", "seed")
    assert (row["batch_id"], row["as_of"]) == ("run 1", date(2024, 9, 1))


BAD_SESSIONS = [
    ("S2,U0001,S001,2024-02-16,-9,18.8,TV,4K", "watch_duration_minutes", "-9", "is below 0"),
    ("S2,U0001,S001,2024-02-16,,18.8,TV,4K", "watch_duration_minutes", None, "is empty"),
    ("S2,U0001,S001,2024-02-16,9,120,TV,4K", "completion_percentage", "120", "is above 100"),
    ("S2,U0001,S001,2024-02-16,9,100.01,TV,4K", "completion_percentage", "100.01", "is above 100"),
    ("S2,U0001,S001,2024-02-16,9,-0.1,TV,4K", "completion_percentage", "-0.1", "is below 0"),
    ("S2,U0001,S001,2024-02-16,9,18.8%,TV,4K", "completion_percentage", "18.8%", "is not a number"),
    ("S2,U0001,S001,,9,18.8,TV,4K", "watch_date", None, "is empty"),
    (" ,U0001,S001,2024-02-16,9,18.8,TV,4K", "session_id", " ", "is empty"),
    (WATCHED, "session_id", "S000001", "repeats the key of line 2"),
]


@pytest.mark.parametrize(("line", "name", "value", "reason"), BAD_SESSIONS)
def test_bad_session_is_set_aside_and_the_rest_loads(pipeline, line, name, value, reason):
    load = pipeline.seed_sessions(WATCHED, line)
    assert counts(load) == {"read": 2, "inserted": 1, "quarantined": 1}
    assert [row["session_id"] for row in pipeline.source("select * from viewing_sessions")] == ["S000001"]
    assert rejections(pipeline) == [("3", name, value, reason)]
    assert pipeline.quarantine()[0]["row_text"] == line


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("21.0", 21),
        ("21.", 21),
        ("+21", 21),
        (" 21 ", 21),
        ("\t21", 21),
        ("-0", 0),
        ("000130", 130),
        (" ", None),
    ],
)
def test_whole_number_may_be_written_as_programs_do(pipeline, field, stored):
    assert counts(pipeline.seed_users(f"U0001,{field},x,Basic,2022-10-02,1")) == {"read": 1, "inserted": 1}
    assert pipeline.source_users()["U0001"]["age"] == stored


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        (".5", "0.5"),
        ("5.", "5"),
        ("1E+2", "100"),
        ("99999999", "99999999"),
        ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
    ],
)
def test_number_keeps_every_digit(pipeline, field, stored):
    # The last of them has more decimals than a rule may accept; it must then be refused, not rounded.
    pipeline.seed_users(f"U0001,21,x,Basic,2022-10-02,{field}", BEN)
    if pipeline.quarantine():
        assert rejections(pipeline) == [("2", "total_watch_time_hours", field, "is not a number")]
    else:
        assert pipeline.source_users()["U0001"]["total_watch_time_hours"] == Decimal(stored)


def test_unknown_plan_device_and_quality_are_data(pipeline):
    pipeline.seed_users("U0001,21,Atlantis,Platinum,2022-10-02,58.0")
    pipeline.seed_sessions("S1,nobody,nothing,2024-02-16,9,18.8,Fridge,16K")
    (session,) = pipeline.source(
        "select user_id, content_id, device_type, quality_level from viewing_sessions"
    )
    assert list(session.values()) == ["nobody", "nothing", "Fridge", "16K"]
    assert pipeline.source_users()["U0001"]["subscription_type"] == "Platinum"
    assert pipeline.quarantine() == []


def test_first_good_line_of_a_key_wins(pipeline):
    load = pipeline.seed_users(
        "U0001,old,first,Basic,2022-10-02,1",
        "U0001,30,second,Basic,2022-10-02,1",
        "U0001,40,third,Basic,2022-10-02,1",
        "U0001,50,fourth,Basic,2022-10-02,1",
    )
    assert counts(load) == {"read": 4, "inserted": 1, "quarantined": 3}
    assert column(pipeline.source_users(), "country") == {"U0001": "second"}
    assert rejections(pipeline) == [
        ("2", "age", "old", "is not a whole number"),
        ("4", "user_id", "U0001", "repeats the key of line 3"),
        ("5", "user_id", "U0001", "repeats the key of line 3"),
    ]


def test_keys_are_opaque(pipeline):
    lines = [
        f"{key},21,x,Basic,2022-10-02,1" for key in ("U1", "u1", " U1", "U1 ", "1", "01", "null", "NULL")
    ]
    assert counts(pipeline.seed_users(*lines)) == {"read": 8, "inserted": 8}
    assert sorted(pipeline.source_users()) == [" U1", "01", "1", "NULL", "U1", "U1 ", "null", "u1"]
    assert counts(pipeline.seed_users(*lines)) == {"read": 8, "unchanged": 8}


def test_rejected_record_of_several_lines_is_kept_as_it_came(pipeline):
    record = 'U0002,21,"two\nlines, ""quoted""",Basic,never,1'
    pipeline.seed_users(ANA, record, "U0003,old,Chile,Basic,2021-06-30,9")
    assert [(row["position"], row["row_text"]) for row in pipeline.quarantine()] == [
        ("3", record),
        ("5", "U0003,old,Chile,Basic,2021-06-30,9"),
    ]


def test_record_with_quotes_inside_fields_is_kept_as_it_came(pipeline):
    record = 'U0009,999,5","two\nlines",2022-10-02,1"'
    load = pipeline.seed_users(ANA, record)
    assert counts(load) == {"read": 2, "inserted": 1, "quarantined": 1}
    (row,) = pipeline.quarantine()
    assert (row["column_name"], row["row_text"]) == ("age", record)


def test_row_with_a_nul_is_set_aside(pipeline):
    load = pipeline.seed_users(ANA, "U0002,21,Bra\0zil,Basic,2023-01-15,1", CAT)
    assert counts(load) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert rejections(pipeline) == [("3", None, None, "the row holds a NUL character")]
    assert pipeline.quarantine()[0]["row_text"] == "U0002,21,Bra\\0zil,Basic,2023-01-15,1"


def test_quote_that_never_closes_costs_its_row_only(pipeline):
    load = pipeline.seed_users(ANA, '"U0002,21,Brazil,Basic,2023-01-15,1', CAT)
    assert counts(load) == {"read": 3, "inserted": 2, "quarantined": 1}
    assert rejections(pipeline) == [("3", None, None, "a quote is opened and never closed")]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("U0002,old,Brazil,Premium,2023-01-15,120.5", id="bad value"),
        pytest.param("U0002,35,Brazil,Premium,,120.5", id="empty value"),
        pytest.param("U0002,35,Brazil,Premium,2023-01-15", id="too few fields"),
        pytest.param("U0002,35,Bra,zil,Premium,2023-01-15,120.5", id="too many fields"),
        pytest.param('"U0002",old,"Brazil",Premium,2023-01-15,120.5', id="bad value in quotes"),
        pytest.param("U0002,35,Bra\0zil,Premium,2023-01-15,120.5", id="NUL"),
        pytest.param('U0002,35,"Brazil,Premium,2023-01-15,120.5', id="open quote"),
        pytest.param('"U0002",35,"Bra"zil,Premium,2023-01-15,120.5', id="closed quote"),
    ],
)
def test_older_version_of_a_rejected_row_stays(pipeline, broken):
    pipeline.seed_users(ANA, BEN, CAT)
    before = pipeline.source_users()
    load = pipeline.seed_users(ANA, broken, batch=pipeline.batch("run 2", "2024-09-02"))
    # Cat is gone from the file; Ben came, though broken.
    assert counts(load) == {"read": 2, "unchanged": 1, "quarantined": 1, "deleted": 1}
    assert pipeline.source_users() == {key: before[key] for key in ("U0001", "U0002")}


def test_many_rows_with_every_tenth_broken(pipeline):
    lines = [
        f"U{n:05d},{'old' if n % 10 == 0 else n % 90},Chile,Basic,2022-10-02,{n}.5" for n in range(20_000)
    ]
    load = pipeline.seed_users(*lines)
    assert counts(load) == {"read": 20_000, "inserted": 18_000, "quarantined": 2_000}
    assert pipeline.source("select count(*) as n, sum(total_watch_time_hours) as hours from users") == [
        {"n": 18_000, "hours": sum(Decimal(f"{n}.5") for n in range(20_000) if n % 10)}
    ]
    kept = pipeline.warehouse("select position::int - 2 as n, row_text from quarantine.rejected_rows")
    assert {row["row_text"] for row in kept} == {lines[n] for n in range(0, 20_000, 10)}
    assert all(lines[row["n"]] == row["row_text"] for row in kept)
