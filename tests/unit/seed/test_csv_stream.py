"""What COPY gets from a CSV file: its header, encoding, lines and quotes, read in chunks of any size."""

from pathlib import Path

import pytest

from include.seed import csv_stream
from include.seed.csv_stream import CsvStream
from tests.unit.seed.copy_reads import COLUMNS, HEADER, Open, copied, reasons, refusal

# The file and its header


def test_rows_come_with_their_line_numbers(opened: Open) -> None:
    rows = opened(HEADER + b"U1,21,Chile\nU2,,Peru\n")
    assert copied(rows) == [(2, ["U1", "21", "Chile"]), (3, ["U2", "", "Peru"])]
    assert (rows.rows_read, rows.rejected, rows.rejected_keys) == (2, [], [])
    assert rows.stage_columns == list(COLUMNS)
    assert rows.readable()


def test_columns_may_stand_in_another_order(opened: Open) -> None:
    rows = opened(b"country, age ,user_id\nChile,21,U1\nPeru,22\nx,U3,x,y\n")
    assert rows.stage_columns == ["country", "age", "user_id"]
    assert copied(rows) == [(2, ["Chile", "21", "U1"])]
    # The key is the third field, which the short row does not have.
    assert rows.rejected_keys == ["x"]


def test_byte_order_mark_is_no_part_of_the_first_column(opened: Open) -> None:
    for header in (HEADER, b'"user_id","age","country"\r\n'):
        rows = opened(b"\xef\xbb\xbf" + header + b"U1,21,Chile\n")
        assert rows.columns == list(COLUMNS)
        assert copied(rows) == [(2, ["U1", "21", "Chile"])]


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "with quotes"])
def test_extra_columns_are_named_and_not_staged(opened: Open, quote: bytes) -> None:
    rows = opened(b"line,user_id,age,E-Mail,country,\n7,U1,21," + quote + b"a@b" + quote + b",Chile,\n")
    assert rows.extra_columns == ["line", "E-Mail", ""]
    assert rows.stage_columns == ["user_id", "age", "country"]
    assert copied(rows) == [(2, ["U1", "21", "Chile"])]
    assert rows.notes == ["users.csv has columns that are not loaded: line, E-Mail, ''"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"user_id,country\nU1,Chile\n", ["line 1", "column age is missing", "Found: user_id, country"]),
        (b"user_id\n", ["column age, country is missing"]),
        (b"User_ID,age,country\n", ["column user_id is missing", "Found: User_ID, age, country"]),
        (b"user_id;age;country\nU1;2;C\n", ["Found: user_id;age;country", "separated by commas"]),
        (b"user_id\tage\tcountry\n", ["column user_id, age, country is missing", "separated by commas"]),
        (b"U1,21,Chile\nU2,22,Peru\n", ["Found: U1, 21, Chile", "must name user_id,age,country"]),
        (b"user_id,age,age,country\n", ["line 1", "column age is there more than once"]),
        (b"user_id,age,country,x,x\n", ["column x is there more than once"]),
        (b"user_id,age,country,,\n", ["column without a name is there more than once"]),
        (b"", ["the file is empty", "needs the header user_id,age,country"]),
        (b"\n" + HEADER, ["the first line is empty", "needs the header"]),
        (b"\xef\xbb\xbf", ["column user_id, age, country is missing"]),
        (b"user_id,age,country\rU1,21,Chile\r", ["line 1", "carriage return", "line feeds"]),
        (HEADER.decode().encode("utf-16"), ["line 1, byte 1", "not UTF-8 (0xff)", "Save the file as UTF-8"]),
        (HEADER.decode().encode("utf-16-le"), ["line 1", "NUL", "UTF-16", "Save the file as UTF-8"]),
        (b"user_id,age,pa\xedses\n", ["line 1, byte 15", "not UTF-8 (0xed)"]),
    ],
)
def test_header_that_cannot_be_used_is_refused_in_words(
    opened: Open, content: bytes, words: list[str]
) -> None:
    message = refusal(lambda: opened(content))
    assert "users.csv" in message
    assert [word for word in words if word not in message] == []
    assert "\0" not in message


def test_header_alone_is_a_table_without_rows(opened: Open) -> None:
    for content in (HEADER, HEADER.rstrip(), HEADER + b"\n \r\n\n"):
        rows = opened(content)
        assert copied(rows) == []
        assert (rows.rows_read, rows.rejected) == (0, [])


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    missing = refusal(lambda: CsvStream(tmp_path / "no.csv", COLUMNS, "user_id"))
    assert "no.csv" in missing
    assert "there is no such file" in missing
    folder = refusal(lambda: CsvStream(tmp_path, COLUMNS, "user_id"))
    assert folder == f"{tmp_path}: cannot be read (Is a directory)"


def test_file_is_closed_at_the_end(opened: Open) -> None:
    with opened(HEADER) as rows:
        assert not rows._file.closed
    assert rows.closed
    assert rows._file.closed


# Encoding


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"U1,21,Chile\nU2,22,Per\xfa\nU3,1,C\n", "line 3, byte 10: not UTF-8 (0xfa)"),
        ("U1,21,Perú\nU2,22,".encode() + b"\xc3\n", "line 3, byte 7: not UTF-8 (0xc3)"),
        (b'U1,21,"a\nb\n\xff"\n', "line 4, byte 1: not UTF-8 (0xff)"),
    ],
)
def test_byte_that_is_not_utf8_is_named_with_its_place(
    opened: Open, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, body: bytes, place: str
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", chunk_bytes)
    rows = opened(HEADER + body)
    message = refusal(lambda: copied(rows))
    assert place in message
    assert "Save the file as UTF-8; nothing of it was loaded" in message


def test_text_of_any_script_arrives_unchanged(opened: Open) -> None:
    names = ["Côte d'Ivoire", "日本", "😀", "a\u2028b", "a\x85b\x0bc"]
    rows = opened(HEADER + "".join(f"U1,1,{name}\n" for name in names).encode())
    assert [fields[2] for _, fields in copied(rows)] == names


# Lines


def test_lines_may_end_the_way_of_windows(opened: Open) -> None:
    rows = opened(b'user_id,age,country\r\nU1,21,Chile\r\nU2,22,"Peru"\r\nU3,23,Cuba\r\r\nU4,24,Fiji\r')
    assert copied(rows) == [
        (2, ["U1", "21", "Chile"]),
        (3, ["U2", "22", "Peru"]),
        (4, ["U3", "23", "Cuba"]),
        (5, ["U4", "24", "Fiji"]),
    ]


@pytest.mark.parametrize("quote", [b"", b'"'], ids=["plain", "with quotes"])
def test_blank_lines_count_as_lines_but_not_as_rows(opened: Open, quote: bytes) -> None:
    rows = opened(HEADER + b"\nU1,21," + quote + b"Chile" + quote + b"\n\r\n  \nU2,22,Peru\n\n \t")
    assert copied(rows) == [(3, ["U1", "21", "Chile"]), (6, ["U2", "22", "Peru"])]
    assert (rows.rows_read, rows.rejected) == (2, [])


def test_last_line_may_lack_its_line_feed(opened: Open) -> None:
    for last in (b"U2,22,Peru", b'U2,22,"Peru"', b"U2,22,Peru\r"):
        rows = opened(HEADER + b"U1,21,Chile\n" + last)
        assert copied(rows) == [(2, ["U1", "21", "Chile"]), (3, ["U2", "22", "Peru"])]


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
@pytest.mark.parametrize(
    ("last", "line"),
    [
        (b"U2,2", 3),
        (b"U", 3),
        (b'"U2","2', 3),
        (b'"U2","22"', 3),
        (b'"U2","22","Pe', 3),
        (b'U2,22,"Peru\nand Bol', 4),
    ],
)
def test_file_that_ends_in_the_middle_of_a_row_is_refused(
    opened: Open, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, last: bytes, line: int
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", chunk_bytes)
    rows = opened(HEADER + b"U1,21,Chile\n" + last)
    message = refusal(lambda: copied(rows))
    assert f"users.csv, line {line}: the file ends in the middle of a row" in message
    assert repr(last.decode().split("\n")[-1]) in message
    assert "Nothing of it was loaded" in message


def test_too_many_fields_at_the_end_are_a_bad_row_and_not_a_cut_file(opened: Open) -> None:
    rows = opened(HEADER + b"U1,21,Chile\nU2,22,Peru,x")
    assert copied(rows) == [(2, ["U1", "21", "Chile"])]
    assert reasons(rows) == [("3", "the row has 4 fields, the header has 3", "U2,22,Peru,x")]


# Quotes and chunks


def test_quoted_fields_arrive_as_they_were_meant(opened: Open) -> None:
    rows = opened(
        HEADER
        + b'"U1","21","Korea, Republic of"\n'
        + b'U2,"","say ""hi"""\n'
        + b'U3,"a\nb\r\nc\rd",Peru\n'
        + b'U4,24,"\\."\n'
        + b'U5,6"x7",Cuba\n'
    )
    assert copied(rows) == [
        (2, ["U1", "21", "Korea, Republic of"]),
        (3, ["U2", "", 'say "hi"']),
        (4, ["U3", "a\nb\r\nc\rd", "Peru"]),
        (7, ["U4", "24", "\\."]),
        (8, ["U5", '6"x7"', "Cuba"]),
    ]
    assert rows.rejected == []


@pytest.mark.parametrize("chunk_bytes", range(1, 40, 3))
def test_line_numbers_stay_right_across_chunks(
    opened: Open, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(csv_stream, "CHUNK_BYTES", chunk_bytes)
    rows = opened(HEADER + b'U1,1,a\nU2,2,"b\n\nc"\nU3,3\nU4,4,d\n"U5",5,"e\nf"\n\nU6,6,"g\nU7,7,h')
    assert copied(rows) == [
        (2, ["U1", "1", "a"]),
        (3, ["U2", "2", "b\n\nc"]),
        (7, ["U4", "4", "d"]),
        (8, ["U5", "5", "e\nf"]),
        (12, ["U7", "7", "h"]),
    ]
    assert [(line, text) for line, _, text in reasons(rows)] == [("6", "U3,3"), ("11", 'U6,6,"g')]
    assert rows.rows_read == 7


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_reading_in_pieces_gives_the_same_bytes(opened: Open, size: int) -> None:
    content = HEADER + b'U1,1,a\nU2,2,"b\nc"\n'
    pieces = opened(content)
    assert len(pieces.read(size)) <= size
    assert copied(opened(content), size) == copied(opened(content)) != []
