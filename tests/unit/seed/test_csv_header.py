"""The header of a CSV file: a record like any other, and what is said of one that cannot be used."""

import pytest

from include.seed import csv_lines, csv_stream
from tests.unit.seed.copy_reads import HEADER, Open, copied, reasons, refusal


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_name_may_have_line_breaks(
    opened: Open, monkeypatch: pytest.MonkeyPatch, end: str, chunk_bytes: int
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", chunk_bytes)
    header = f'user_id,"time{end}in hours{end}(h)",age,country{end}'
    rows = opened(header.encode() + b"U1,5,21,Chile\nU2,6\n" + b'U3,7,"22",Peru\n')
    assert copied(rows) == [(4, ["U1", "21", "Chile"]), (6, ["U3", "22", "Peru"])]
    assert reasons(rows) == [("5", "the row has 2 fields, the header has 4", "U2,6")]
    assert rows.header == header.removesuffix(end)
    assert rows.extra_columns == [f"time{end}in hours{end}(h)"]
    assert rows.notes == [
        f"users.csv has columns that are not loaded: {f'time{end}in hours{end}(h)'!r}",
    ]


def test_required_name_may_follow_a_line_break(opened: Open) -> None:
    rows = opened(b'"a\nb",user_id,"age",country\nx,U1,21,Chile\n')
    assert copied(rows) == [(3, ["U1", "21", "Chile"])]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'user_id,"age,country\nU1,21,Chile\n', ["line 1", "a quote is opened and never closed", "header"]),
        (b'user_id,"age"x,country\n', ["line 1", "header", "',' expected after '\"'"]),
        (b'"a\nb\xff",user_id\n', ["line 2, byte 2", "not UTF-8"]),
        (b'"a\nb\0",user_id,age,country\n', ["line 2", "NUL"]),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + HEADER, ["user_id is missing", r"Found: '\ufeffuser_id', age"]),
        ("user\u200b_id,age,country\n".encode(), [r"Found: 'user\u200b_id', age, country"]),
        ("user_id\u200b,age,country\n".encode(), [r"Found: 'user_id\u200b', age, country"]),
        (b"user_id,age,,\n", ["country is missing", "Found: user_id, age, '', ''"]),
        (b"sep=,\n" + HEADER, ["is missing", "Delete the line sep=,"]),
        (b"user_id,age,country,,\n", ["without a name is there more than once", "delete the empty ones"]),
    ],
)
def test_header_that_cannot_be_used_is_refused_in_words(
    opened: Open, content: bytes, words: list[str]
) -> None:
    message = refusal(lambda: opened(content))
    assert [word for word in words if word not in message] == []


def test_what_resembles_a_missing_name_is_shown_first(opened: Open) -> None:
    names = ",".join(f"n{number}" for number in range(2000))
    message = refusal(lambda: opened(f"{names},user_id,age,coun\u200btry\n".encode()))
    assert r"Found: 'coun\u200btry', n0, n1" in message
    assert "and 1,993 more" in message
    assert len(message) < 500


def test_quote_that_stays_open_reads_no_more_than_a_header_may_have(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    counted = csv_lines.CsvLines.read_line
    monkeypatch.setattr(csv_lines.CsvLines, "read_line", lambda lines: reads.append(1) or counted(lines))
    refusal(lambda: opened(b'user_id,"age\n' + b"U1,21\n" * 5000))
    assert len(reads) < 200
