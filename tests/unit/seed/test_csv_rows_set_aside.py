"""Rows of a CSV file that COPY could not read: each is set aside with its reason, and its key is known."""

import csv

import pytest

from include.seed import csv_stream
from tests.unit.seed.copy_reads import HEADER, Open, copied, reasons


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "with quotes"])
def test_wrong_number_of_fields_sets_the_row_aside(opened: Open, quote: bytes) -> None:
    good = b"U1,21," + quote + b"Chile" + quote + b"\n"
    rows = opened(HEADER + good + b"U2,22\nU3,23,Peru,Lima\nU4\r\n" + good)
    assert [line for line, _ in copied(rows)] == [2, 6]
    assert reasons(rows) == [
        ("3", "the row has 2 fields, the header has 3", "U2,22"),
        ("4", "the row has 4 fields, the header has 3", "U3,23,Peru,Lima"),
        ("5", "the row has 1 fields, the header has 3", "U4"),
    ]
    assert all(rejected.column is None and rejected.value is None for rejected in rows.rejected)
    assert rows.rejected_keys == ["U2", "U3", "U4"]
    assert rows.rows_read == 2 + 3


def test_quoted_row_of_wrong_length_is_kept_as_it_came(opened: Open) -> None:
    rows = opened(HEADER + b'"U1","a, ""b""\nc"\n"U2",22,Peru\n')
    assert copied(rows) == [(4, ["U2", "22", "Peru"])]
    assert reasons(rows) == [("2", "the row has 2 fields, the header has 3", '"U1","a, ""b""\nc"')]
    assert "U1" in rows.rejected_keys


def test_quote_that_stays_open_costs_one_line(opened: Open) -> None:
    rows = opened(HEADER + b'U1,21,Chile\nU2,22,"Peru\nU3,23,Cuba\nU4,24,Fiji\n')
    assert [fields[0] for _, fields in copied(rows)] == ["U1", "U3", "U4"]
    assert reasons(rows) == [("3", "a quote is opened and never closed", 'U2,22,"Peru')]
    # The key is known, so that the row which the table holds is not deleted.
    assert rows.rejected_keys == ["U2"]
    assert rows.rows_read == 4


def test_quote_that_another_quote_seems_to_close_costs_one_line(opened: Open) -> None:
    rows = opened(HEADER + b'U1,"21,Chile\nU2,22,Peru\nU3,23,"Korea, Republic of"\n')
    assert copied(rows) == [(3, ["U2", "22", "Peru"]), (4, ["U3", "23", "Korea, Republic of"])]
    assert reasons(rows) == [("2", "a quote is closed in the middle of a field", 'U1,"21,Chile')]


def test_quote_that_is_closed_far_away_was_never_meant(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_stream, "LONGEST_RECORD_LINES", 3)
    rows = opened(HEADER + b'U1,1,"a\nb\nc"\nU2,2,"a\nU3,3,b\nU4,4,c\nU5,5,d",\n')
    assert copied(rows) == [(2, ["U1", "1", "a\nb\nc"]), (6, ["U3", "3", "b"]), (7, ["U4", "4", "c"])]
    assert [(line, reason) for line, reason, _ in reasons(rows)] == [
        ("5", "a quote is opened and never closed"),
        ("8", "a quote inside a field has no other half"),
    ]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ('"Congo, Republic of",U1,"2"1', "U1"),
        ('"Congo, ""Brazzaville""",U1,"2"1', "U1"),
        ('Chile,"U,1","2"1', "U,1"),
        ('Chile,"U""1","2"1', 'U"1'),
        ('"Congo, Republic of",U1,2\r1', "U1"),
        ('"Congo, Republic of",U1,"21', "U1"),
    ],
)
def test_key_in_quotes_or_behind_them_is_known(opened: Open, row: str, key: str) -> None:
    rows = opened(f"country,user_id,age\n{row}\nChile,U9,1\n".encode())
    assert [line for line, _ in copied(rows)] == [3]
    assert key in rows.rejected_keys


def test_keys_that_a_quote_swallowed_are_known(opened: Open) -> None:
    # As CSV the first three lines are one row of four fields; a person sees three rows and a typing mistake.
    rows = opened(HEADER + b'U1,"21,Chile\nU2,22,Peru\nU3,23",Cuba,x\nU4,24,Fiji\n')
    assert [fields[0] for _, fields in copied(rows)] == ["U4"]
    assert rows.rejected_keys == ["U1", "U2", "U3"]
    assert rows.rows_read == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'U1,5" 9,Chile', "a quote inside a field has no other half"),
        (b'U1,"5"" 9,Chile', "a quote is opened and never closed"),
        (b'U1,"5"9,Chile', "a quote is closed in the middle of a field"),
        (b"U1,21,Chi\rle", "a carriage return stands in a field without quotes"),
        (b"U1\r,21,Chile", "a carriage return stands in a field without quotes"),
        (b"U1,21,Chi\0le", "the row holds a NUL character"),
        (b'U1,21,"Chi\0le"', "the row holds a NUL character"),
    ],
)
def test_row_that_copy_would_misread_is_set_aside(opened: Open, row: bytes, reason: str) -> None:
    rows = opened(HEADER + b"U0,20,Cuba\n" + row + b"\nU2,22,Peru\n")
    assert [fields[0] for _, fields in copied(rows)] == ["U0", "U2"]
    assert reasons(rows) == [("3", reason, row.decode().replace("\0", "\\0"))]
    assert [key.strip() for key in rows.rejected_keys] == ["U1"]


def test_key_with_nul_is_not_asked_for_in_the_database(opened: Open) -> None:
    rows = opened(HEADER + b"U\x001,21,Chile\n")
    assert copied(rows) == []
    assert reasons(rows) == [("2", "the row holds a NUL character", "U\\01,21,Chile")]
    assert rows.rejected_keys == []


def test_field_beyond_the_parsers_limit_is_set_aside(opened: Open) -> None:
    rows = opened(HEADER + b'U1,21,"' + b"x" * (csv.field_size_limit() + 1) + b'"\nU2,22,Peru\n')
    assert copied(rows) == [(3, ["U2", "22", "Peru"])]
    assert "field larger than field limit" in rows.rejected[0].reason
