"""How long a field and a line may be: the same wherever quotes stand and chunks end."""

import pytest

from include.seed import csv_lines, csv_stream
from include.seed.csv_stream import LONGEST_FIELD
from tests.unit.seed.copy_reads import HEADER, Open, copied, reasons, refusal


@pytest.mark.parametrize("chunk_bytes", [1, 100_000, 1 << 20])
@pytest.mark.parametrize("sign", ["x", "ä", "😀"])
@pytest.mark.parametrize("quote", ["", '"'], ids=["plain", "with quotes"])
@pytest.mark.parametrize("beyond", [0, 1])
def test_longest_field_is_the_same_in_every_form(
    opened: Open,
    monkeypatch: pytest.MonkeyPatch,
    chunk_bytes: int,
    sign: str,
    quote: str,
    beyond: int,
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", chunk_bytes)
    value = sign * (LONGEST_FIELD + beyond)
    rows = opened(HEADER + f"U0,20,Cuba\nU1,21,{quote}{value}{quote}\nU2,22,Peru\n".encode())
    found = {line: fields[2] for line, fields in copied(rows)}
    assert found == {2: "Cuba", 4: "Peru"} | ({} if beyond else {3: value})
    assert rows.rows_read == 3
    assert [(row.position, row.column, row.rule) for row in rows.rejected] == (
        [("3", "country", "field_limit")] if beyond else []
    )
    assert rows.rejected_keys == ["U1"] * beyond


def test_long_row_of_short_fields_is_no_long_field(opened: Open) -> None:
    names = [f"n{number}" for number in range(50_000)]
    rows = opened(f"user_id,age,country,{','.join(names)}\nU1,21,Chile,{','.join(names)}\n".encode())
    assert copied(rows) == [(2, ["U1", "21", "Chile"])]
    assert rows.notes == [
        f"users.csv has columns that are not loaded: {', '.join(names[:10])} and 49,990 more"
    ]


@pytest.mark.parametrize("chunk_bytes", [1, 40, 1 << 20])
@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "with quotes"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nU3,1,Peru\n"], ids=["cut", "last", "more"])
def test_line_that_memory_might_not_hold_is_refused_with_its_number(
    opened: Open, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, quote: bytes, end: bytes
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", min(chunk_bytes, 100))
    monkeypatch.setattr(csv_lines, "LONGEST_LINE_BYTES", 100)
    rows = opened(HEADER + b"U1,1,Chile\nU2,2," + quote + b"x" * 300 + quote + end)
    message = refusal(lambda: copied(rows))
    assert "line 3: the line is longer than 100 bytes" in message
    assert len(message) < 400


def test_endless_header_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "LONGEST_LINE_BYTES", 100)
    assert "line 1: the line is longer than 100 bytes" in refusal(lambda: opened(b"x" * 300))


def test_open_quote_takes_in_no_more_bytes_than_a_line_may_have(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_stream, "LONGEST_LINE_BYTES", 100)
    line = b"x" * 60 + b"\n"
    rows = opened(HEADER + b'U1,1,"a\n' + line * 3 + b'"\nU2,2,Peru\n')
    assert copied(rows) == [(7, ["U2", "2", "Peru"])]
    assert reasons(rows)[0][:2] == ("2", "a quote is opened and never closed")
