"""What a CSV file changes in its table: only what differs, whatever program wrote the file."""

import logging
from datetime import date
from decimal import Decimal

import pytest

from tests.integration.helpers.loads import column, counts
from tests.integration.helpers.samples import ANA, BEN, CAT
from tests.product import USERS


def test_first_load_brings_every_row_with_its_types(pipeline):
    load = pipeline.seed_users(ANA, "U0002,,,,2023-01-15,")
    assert counts(load) == {"read": 2, "inserted": 2}
    rows = pipeline.source_users()
    ana = {name: rows["U0001"][name] for name in (c.name for c in USERS.file_columns)}
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
