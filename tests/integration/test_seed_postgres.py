"""CSV files into the PostgreSQL source: what changes, what is set aside, what a broken file leaves alone."""

import logging
import threading
from datetime import date
from decimal import Decimal

import psycopg2
import pytest

from include.errors import InputError
from include.ops.load_runs import record_load
from include.run import Run
from include.seed import seed_table
from include.tables import USERS, VIEWING_SESSIONS

ANA = "U0001,21,Argentina,Basic,2022-10-02,58.0"
BEN = "U0002,35,Brazil,Premium,2023-01-15,120.5"
CAT = "U0003,48,Chile,Standard,2021-06-30,9"
WATCHED = "S000001,U0001,S001,2024-02-16,9,18.8,Desktop,4K"


def column(rows, name):
    return {key: row[name] for key, row in rows.items()}


def counts(load):
    return {name: value for name, value in load.summary().items() if name != "table" and value}


def rejections(pipeline):
    return [(r["position"], r["column_name"], r["value"], r["reason"]) for r in pipeline.quarantine()]


# What a file changes.


def test_first_load_brings_every_row_with_its_types(pipeline):
    load = pipeline.seed_users(ANA, "U0002,,,,2023-01-15,")
    assert counts(load) == {"read": 2, "inserted": 2}
    rows = pipeline.source_users()
    ana = {name: rows["U0001"][name] for name in (c.name for c in USERS.columns)}
    assert ana == {
        "user_id": "U0001",
        "age": 21,
        "country": "Argentina",
        "subscription_type": "Basic",
        "registration_date": date(2022, 10, 2),
        "total_watch_time_hours": Decimal("58.0"),
    }
    empty = [
        rows["U0002"][name] for name in ("age", "country", "subscription_type", "total_watch_time_hours")
    ]
    assert empty == [None] * 4
    assert rows["U0001"]["created_at"] == rows["U0001"]["updated_at"]


def test_load_is_recorded_with_its_numbers(pipeline):
    pipeline.seed_users(ANA, BEN, "U0003,old,Chile,Basic,2021-06-30,1")
    pipeline.seed_users(ANA, BEN.replace("120.5", "121"), batch=pipeline.batch("run 2", "2024-09-02"))
    first, second = pipeline.load_runs()
    assert (first["batch_id"], first["as_of"], first["stage"], first["table_name"]) == (
        "run 1",
        date(2024, 9, 1),
        "seed",
        "users",
    )
    assert [first[f"rows_{name}"] for name in ("read", "loaded", "unchanged", "quarantined")] == [3, 2, 0, 1]
    assert [second[f"rows_{name}"] for name in ("read", "loaded", "unchanged", "quarantined")] == [2, 1, 1, 0]
    assert (second["rows_inserted"], second["rows_updated"], second["as_of"]) == (0, 1, date(2024, 9, 2))


def test_same_file_again_touches_nothing(pipeline):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.source_users()
    load = pipeline.seed_users(ANA, BEN, batch=pipeline.batch("run 2", "2024-09-02"))
    assert counts(load) == {"read": 2, "unchanged": 2}
    # ctid is where the row lies: even writing the same values would have moved it.
    assert pipeline.source_users() == before
    assert len(before) == 2


def test_next_file_moves_only_what_differs(pipeline):
    pipeline.seed_users(ANA, BEN, CAT)
    before = pipeline.source_users()
    load = pipeline.seed_users(ANA, BEN.replace("Premium", "Basic"), "U0004,19,Peru,Basic,2024-08-31,0")
    assert counts(load) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1, "deleted": 1}
    after = pipeline.source_users()
    assert sorted(after) == ["U0001", "U0002", "U0004"]
    assert after["U0001"] == before["U0001"]
    assert after["U0002"]["subscription_type"] == "Basic"
    assert after["U0002"]["created_at"] == before["U0002"]["created_at"]
    assert after["U0002"]["updated_at"] > before["U0002"]["updated_at"]
    assert after["U0004"]["created_at"] == after["U0002"]["updated_at"]


def test_value_that_becomes_empty_is_a_change(pipeline):
    pipeline.seed_users(ANA)
    assert counts(pipeline.seed_users("U0001,,Argentina,Basic,2022-10-02,58.0")) == {"read": 1, "updated": 1}
    assert pipeline.source_users()["U0001"]["age"] is None
    assert counts(pipeline.seed_users(ANA)) == {"read": 1, "updated": 1}
    assert pipeline.source_users()["U0001"]["age"] == 21


def test_same_number_written_otherwise_is_no_change(pipeline):
    pipeline.seed_users(ANA)
    load = pipeline.seed_users("U0001,21.0,Argentina,Basic,2022-10-02,5.8e1")
    assert counts(load) == {"read": 1, "unchanged": 1}


def test_columns_are_found_by_name(pipeline):
    header = "country,registration_date,user_id,total_watch_time_hours,subscription_type,age"
    pipeline.write_csv(USERS, ["Argentina,2022-10-02,U0001,58.0,Basic,21"], header)
    pipeline.seed()
    shuffled = pipeline.source_users()
    assert counts(pipeline.seed_users(ANA)) == {"read": 1, "unchanged": 1}
    assert pipeline.source_users() == shuffled


def test_extra_column_is_reported_and_left_out(pipeline, caplog):
    header = "user_id,age,nick name,country,subscription_type,registration_date,total_watch_time_hours,line"
    line = "U0001,21,annie,Argentina,Basic,2022-10-02,58.0,x"
    pipeline.write_csv(USERS, [line], header)
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed()
    assert load.notes == ["users.csv has columns that are not loaded: nick name, line"]
    assert load.notes[0] in caplog.text
    assert counts(load) == {"read": 1, "inserted": 1}
    assert pipeline.source_users()["U0001"]["country"] == "Argentina"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("\ufeff{header}\n{ana}\n{ben}\n", id="byte order mark"),
        pytest.param("{header}\r\n{ana}\r\n{ben}\r\n", id="lines of Windows"),
        pytest.param("{header}\n{ana}\n{ben}", id="no line feed at the end"),
        pytest.param("{header}\n{ana}\n\n   \n{ben}\n\n", id="empty lines"),
        pytest.param('{header}\n"U0001","21","Argentina","Basic","2022-10-02","58.0"\n{ben}\n', id="quotes"),
        pytest.param(" {header}\n{ana}\n{ben}\n", id="blank before the header"),
    ],
)
def test_file_may_be_written_by_many_programs(pipeline, content):
    header = "user_id,age,country,subscription_type,registration_date,total_watch_time_hours"
    pipeline.seed_users(ANA, BEN)
    pipeline.write("users.csv", content.format(header=header, ana=ANA, ben=BEN))
    assert counts(pipeline.seed()) == {"read": 2, "unchanged": 2}


def test_values_that_look_like_code_stay_text(pipeline):
    hostile = {
        "U1": "'); drop table users; --",
        "U2": "$$; delete from users; $$",
        "U3": "%s %(name)s {0}",
        "U4": "\\N",
        "U5": "\\.",
        "U6": "\\'; \\x41 \t tab",
        "U7": "naïve 名前 🎬 \u202e",
        "U8": "=cmd|' /C calc'!A0",
    }
    load = pipeline.seed_users(*(f"{key},21,{text},Basic,2022-10-02,1" for key, text in hostile.items()))
    assert counts(load) == {"read": 8, "inserted": 8}
    assert column(pipeline.source_users(), "country") == hostile


def test_quoted_values_keep_commas_quotes_and_line_feeds(pipeline):
    load = pipeline.seed_users(
        'U0001,21,"Bonaire, ""Saba""",Basic,2022-10-02,58.0', 'U0002,35,"two\nlines",Basic,2023-01-15,1', CAT
    )
    assert counts(load) == {"read": 3, "inserted": 3}
    expected = {"U0001": 'Bonaire, "Saba"', "U0002": "two\nlines", "U0003": "Chile"}
    assert column(pipeline.source_users(), "country") == expected


# Rows that cannot be loaded.

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


# Files that cannot be used.

HEADER = b"user_id,age,country,subscription_type,registration_date,total_watch_time_hours\n"
ROW = ANA.encode() + b"\n"
UNUSABLE = [
    pytest.param(None, ["users.csv: there is no such file", "Put it there"], id="missing"),
    pytest.param(b"", ["users.csv: the file is empty", "It needs the header user_id,age"], id="empty"),
    pytest.param(b"\n\n", ["users.csv: the", "is empty", "It needs the header"], id="blank"),
    pytest.param(HEADER, ["users.csv: the file has no data", "left as it is"], id="header only"),
    pytest.param(
        HEADER[:-1], ["users.csv: the file has no data", "left as it is"], id="header, no line feed"
    ),
    pytest.param(
        HEADER + ROW + b"U0002,21,M\xe9xico,Basic,2022-10-02,1\n",
        ["users.csv, line 3, byte 11: not UTF-8 (0xe9)", "Save the file as UTF-8"],
        id="Latin-1",
    ),
    pytest.param(
        (HEADER + ROW).decode().encode("utf-16"),
        ["users.csv, line 1, byte 1: not UTF-8 (0xff)", "Save the file as UTF-8"],
        id="UTF-16",
    ),
    pytest.param(
        HEADER.replace(b",age", b"") + b"U0001,Argentina,Basic,2022-10-02,58\n",
        ["users.csv, line 1: column age is missing", "The header must name user_id,age,country"],
        id="column missing",
    ),
    pytest.param(
        (HEADER + ROW).replace(b",", b";"),
        ["users.csv, line 1: column user_id, age", "separated by commas"],
        id="semicolons",
    ),
    pytest.param(
        ROW + ROW, ["users.csv, line 1: column user_id, age", "The header must name"], id="no header"
    ),
    pytest.param(
        HEADER.replace(b",age", b",age,age") + b"U0001,1,2,Argentina,Basic,2022-10-02,58\n",
        ["users.csv, line 1: column age is there more than once"],
        id="column twice",
    ),
    pytest.param(
        HEADER + ROW + b"U0002,35,Bra",
        ["users.csv, line 3: the file ends in the middle of a row ('U0002,35,Bra')", "cut off"],
        id="cut off",
    ),
    pytest.param(
        HEADER + b"U0001,old,Argentina,Basic,2022-10-02,58\nU0002,1\n",
        [
            "users.csv: none of its 2 rows can be loaded",
            "age 'old' is not a whole number",
            "quarantine.rejected_rows",
        ],
        id="every row bad",
    ),
    pytest.param(
        HEADER.replace(b"user_id,age", b"age,user_id") + ROW,
        ["users.csv: none of its 1 rows can be loaded; first, at 2: age 'U0001' is not a whole number"],
        id="columns swapped",
    ),
    pytest.param(
        HEADER + b"U0001,21\nU0002,22\n",
        ["users.csv: none of its 2 rows can be loaded; first, at 2: the row has 2 fields, the header has 6"],
        id="every row too short",
    ),
]


@pytest.mark.parametrize(("content", "message"), UNUSABLE)
def test_unusable_file_is_refused_and_changes_nothing(pipeline, content, message):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.state()
    path = pipeline.folder / "users.csv"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        pipeline.seed(batch=pipeline.batch("run 2", "2024-09-02"))
    for part in [str(path), *message]:
        assert part in str(refused.value)
    after = pipeline.state()
    assert after | {"quarantine": []} == before | {"quarantine": []}
    assert len(after["users"]) == 2


def test_folder_in_place_of_the_file_is_refused(pipeline):
    (pipeline.folder / "users.csv").mkdir()
    with pytest.raises(InputError, match=r"users\.csv: cannot be read \(Is a directory\)"):
        pipeline.seed()


def test_unusable_file_found_far_into_it_changes_nothing(pipeline):
    pipeline.seed_users(ANA)
    before = pipeline.state()
    # More than the chunk that is read at once, so that rows are on their way when the mistake is met.
    lines = b"".join(b"U1%06d,21,Chile,Basic,2022-10-02,1\n" % n for n in range(40_000))
    assert len(lines) > 1 << 20
    pipeline.write("users.csv", HEADER + lines + b"U0002,21,M\xe9xico,Basic,2022-10-02,1\n")
    with pytest.raises(InputError, match=r"users\.csv, line 40002, byte 11: not UTF-8 \(0xe9\)\. Save"):
        pipeline.seed()
    assert pipeline.state() == before


def test_reasons_are_kept_when_every_row_is_bad(pipeline):
    pipeline.write_csv(USERS, ["U0001,old,x,Basic,2022-10-02,58", "U0002,1,x,Basic,never,58", "U0003"])
    with pytest.raises(InputError, match=r"all rows and reasons are in quarantine\.rejected_rows"):
        pipeline.seed()
    assert sorted(rejections(pipeline)) == [
        ("2", "age", "old", "is not a whole number"),
        ("3", "registration_date", "never", "is not a date (YYYY-MM-DD)"),
        ("4", None, None, "the row has 1 fields, the header has 6"),
    ]
    assert pipeline.load_runs() == []
    with pytest.raises(InputError):
        pipeline.seed()
    assert len(pipeline.quarantine()) == 3


# Days, repetition, crashes, company.


def test_repeated_batch_does_not_quarantine_twice(pipeline):
    for _ in range(3):
        pipeline.seed_users(ANA, "U0002,old,Brazil,Basic,2023-01-15,1")
    assert rejections(pipeline) == [("3", "age", "old", "is not a whole number")]
    pipeline.seed_users(
        ANA, "U0002,old,Brazil,Basic,2023-01-15,1", batch=pipeline.batch("run 2", "2024-09-02")
    )
    assert [row["batch_id"] for row in pipeline.quarantine()] == ["run 1", "run 2"]


def test_batch_repeated_with_the_mended_file_leaves_no_rejection(pipeline):
    pipeline.seed_users(ANA, "U0002,old,Brazil,Basic,2023-01-15,1", "U0003,x,Chile,Basic,2021-06-30,9")
    pipeline.seed_users(ANA, "U0003,x,Chile,Basic,2021-06-30,9", BEN)
    assert rejections(pipeline) == [("3", "age", "x", "is not a whole number")]
    pipeline.seed_users(ANA, BEN, CAT)
    assert pipeline.quarantine() == []
    assert sorted(pipeline.source_users()) == ["U0001", "U0002", "U0003"]


def test_older_day_of_the_same_data_set_is_not_loaded(pipeline, caplog):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    before = pipeline.state()
    with caplog.at_level(logging.WARNING):
        load = pipeline.seed_users(
            BEN, batch=pipeline.batch("run 1", "2024-09-01"), dataset="generated seed=1"
        )
    assert counts(load) == {}
    assert pipeline.state() == before
    assert "users.csv is of 2024-09-01, the source already holds 2024-09-02: nothing to do" in caplog.text


@pytest.mark.parametrize("dataset", ["own files", "generated seed=2"])
def test_older_day_of_another_data_set_is_loaded(pipeline, dataset):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.seed_users(BEN, batch=pipeline.batch("run 1", "2024-09-01"), dataset=dataset)
    assert list(pipeline.source_users()) == ["U0002"]
    assert pipeline.source("select dataset, as_of from seed_state") == [
        {"dataset": dataset, "as_of": date(2024, 9, 1)}
    ]


def test_own_files_are_loaded_over_newer_own_files(pipeline):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"))
    pipeline.seed_users(BEN, batch=pipeline.batch("run 1", "2024-09-01"))
    assert list(pipeline.source_users()) == ["U0002"]


def test_same_day_again_is_loaded(pipeline):
    pipeline.seed_users(ANA, dataset="generated seed=1")
    pipeline.seed_users(BEN, dataset="generated seed=1")
    assert list(pipeline.source_users()) == ["U0002"]


def test_refused_file_does_not_move_the_day(pipeline):
    pipeline.seed_users(ANA, dataset="generated seed=1")
    with pytest.raises(InputError):
        pipeline.seed_users(batch=pipeline.batch("run 9", "2024-09-09"), dataset="generated seed=1")
    assert pipeline.source("select as_of from seed_state") == [{"as_of": date(2024, 9, 1)}]


def test_tables_have_their_own_days(pipeline):
    pipeline.seed_users(ANA, batch=pipeline.batch("run 2", "2024-09-02"), dataset="generated seed=1")
    pipeline.write_csv(VIEWING_SESSIONS, [WATCHED])
    load = pipeline.seed(VIEWING_SESSIONS, dataset="generated seed=1")
    assert counts(load) == {"read": 1, "inserted": 1}


def test_crash_before_the_commit_leaves_nothing_and_a_retry_completes(pipeline, killed):
    pipeline.seed_users(ANA, BEN)
    before = pipeline.state()
    second = pipeline.batch("run 2", "2024-09-02")
    with (
        killed("seed.seeding"),
        pytest.raises(psycopg2.OperationalError, match="the worker was killed"),
    ):
        pipeline.seed_users(BEN.replace("35", "36"), "U0009,x,x,Basic,2022-10-02,1", batch=second)
    assert pipeline.state() == before
    load = pipeline.seed(batch=second)
    assert counts(load) == {"read": 2, "updated": 1, "quarantined": 1, "deleted": 1}
    assert column(pipeline.source_users(), "age") == {"U0002": 36}
    assert len(pipeline.quarantine()) == 1


def test_two_seeds_of_a_table_follow_one_another(pipeline, tmp_path, monkeypatch, eventually, in_background):
    first_has_written, first_may_commit = threading.Event(), threading.Event()

    def record_slowly(warehouse, load, batch):
        if batch.batch_id == "first":
            first_has_written.set()
            assert first_may_commit.wait(10)
        record_load(warehouse, load, batch)

    def seed(name, lines):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "users.csv").write_text("\n".join([HEADER.decode().strip(), *lines]) + "\n")
        app, loader = (pipeline.platform.connect(role) for role in ("app", "elt_loader"))
        batch = pipeline.batch(name)
        return seed_table(app, loader, USERS, Run(batch, folder=str(folder)))

    def second_waits():
        return pipeline.source(
            "select 1 from pg_locks where locktype = 'advisory' and not granted"
            " and database = (select oid from pg_database where datname = current_database())"
        )

    monkeypatch.setattr("include.seed.seeding.record_load", record_slowly)
    first = in_background(seed, "first", [ANA, BEN])
    assert first_has_written.wait(10)
    second = in_background(seed, "second", [ANA, BEN.replace("35", "36"), CAT])
    eventually(second_waits)
    assert not second.done()
    first_may_commit.set()
    assert counts(first.result(10)) == {"read": 2, "inserted": 2}
    assert counts(second.result(10)) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1}
    assert column(pipeline.source_users(), "age") == {"U0001": 21, "U0002": 36, "U0003": 48}
