"""Any table and any bytes: what a writer wrote comes back, each row counts once, chunks do not matter."""

import csv
import io
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from include.errors import InputError
from include.seed import csv_stream
from include.seed.csv_stream import CsvStream
from tests.unit.seed.copy_reads import COLUMNS, HEADER, Copied, copied

VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TABLES = st.lists(st.lists(VALUES, min_size=3, max_size=3), max_size=8)
STYLES = st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")])


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "users.csv"


def read_file(path: Path, content: bytes, chunk_bytes: int) -> tuple[Copied, CsvStream]:
    path.write_bytes(content)
    small = mock.patch.object(csv_stream, "CHUNK_BYTES", chunk_bytes)
    with small, CsvStream(path, COLUMNS, "user_id") as rows:
        return copied(rows), rows


@settings(deadline=None, max_examples=150)
@given(table=TABLES, style=STYLES, chunk_bytes=st.integers(1, 60))
@example(table=[["a\rb", "\n", '"'], ["", "", ""]], style=(csv.QUOTE_MINIMAL, "\r\n"), chunk_bytes=1)
def test_what_a_csv_writer_wrote_comes_back(
    scratch: Path, table: list[list[str]], style: tuple[int, str], chunk_bytes: int
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=style[0], lineterminator=style[1])
    expected = []
    for row in [list(COLUMNS), *table]:
        expected.append((text.getvalue().count("\n") + 1, row))
        writer.writerow(row)
    framed, rows = read_file(scratch, text.getvalue().encode(), chunk_bytes)
    assert framed == expected[1:]
    assert (rows.rows_read, rows.rejected) == (len(table), [])


def outcome(path: Path, content: bytes, chunk_bytes: int) -> object:
    try:
        framed, rows = read_file(path, content, chunk_bytes)
    except InputError as error:
        return str(error)
    assert rows.rows_read == len(framed) + len(rows.rejected)
    assert all(len(fields) == len(COLUMNS) for _, fields in framed)
    numbers = sorted(
        [number for number, _ in framed] + [int(rejected.position) for rejected in rows.rejected]
    )
    assert len(set(numbers)) == len(numbers)
    assert all(2 <= number <= content.count(b"\n") + 1 for number in numbers)
    assert not any("\0" in key for key in rows.rejected_keys)
    return framed, rows.rejected, rows.rejected_keys


@settings(deadline=None, max_examples=300)
@given(
    body=st.lists(
        st.sampled_from(["U1,2,x\n", '"', ",", "\n", "\r", "\r\n", "\0", "a", "é", " "]), max_size=25
    ),
    chunk_bytes=st.integers(1, 30),
)
@example(body=['"', "a", "\n", "U1,2,x\n", '"', "\n"], chunk_bytes=1)
def test_any_text_is_framed_or_set_aside_wherever_chunks_end(
    scratch: Path, body: list[str], chunk_bytes: int
) -> None:
    content = HEADER + "".join(body).encode()
    assert outcome(scratch, content, chunk_bytes) == outcome(scratch, content, 1 << 20)
