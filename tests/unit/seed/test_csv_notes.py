"""What is legal CSV and was probably not meant: loaded, and said."""

import pytest

from tests.unit.seed.copy_reads import HEADER, Open, copied


def test_rows_that_a_quote_swallowed_are_named_and_not_deleted(opened: Open) -> None:
    rows = opened(HEADER + b'U1,21,"Chile\nU2,22,Peru\n\nU3,23,Cuba"\nU4,24,"a\nb"\n')
    assert [fields[0] for _, fields in copied(rows)] == ["U1", "U4"]
    assert rows.notes == [
        "users.csv: inside a quoted field are lines that look like rows (line 3, 5). Is a quote missing?"
        " Rows with their keys were not deleted"
    ]
    assert rows.rejected_keys == ["U2", "U3"]


def test_blank_before_a_quote_is_named(opened: Open) -> None:
    rows = opened(HEADER + b'U1,21, "Chile"\nU2,22,"a, ""b"""\n \t"U3",23,Cuba\n')
    assert [fields[2] for _, fields in copied(rows)] == [' "Chile"', 'a, "b"', "Cuba"]
    assert rows.notes == [
        "users.csv: a blank before a quote makes the quotes part of the value (line 2, 4)",
    ]


def test_many_such_lines_are_counted(opened: Open) -> None:
    rows = opened(HEADER + b'U1,21, "Chile"\n' * 3000)
    copied(rows)
    assert rows.notes[0].endswith("(line 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2,990 more)")


@pytest.mark.parametrize("text", [rb"\N", "NULL", "null", "None"])
def test_words_for_null_are_texts(opened: Open, text: bytes | str) -> None:
    text = text if isinstance(text, bytes) else text.encode()
    rows = opened(HEADER + b"U1,21," + text + b"\n")
    assert copied(rows) == [(2, ["U1", "21", text.decode()])]
