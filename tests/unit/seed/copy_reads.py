"""What COPY gets from a CSV file: its side is played by `copied`."""

import re
from collections.abc import Callable

import pytest

from include.errors import InputError
from include.seed.csv_stream import CsvStream

COLUMNS = ("user_id", "age", "country")
HEADER = b"user_id,age,country\n"
# PostgreSQL's CSV: outside quotes neither a quote nor a carriage return.
FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n)')
Open = Callable[..., CsvStream]
Copied = list[tuple[int, list[str]]]


def copied(rows: CsvStream, size: int = -1) -> Copied:
    """Read the stream to its end as COPY would; return (line, fields) of each row, or fail where it would."""
    framed = b"".join(iter(lambda: rows.read(size), b"")).decode()
    table, row, position = [], [], 0
    while position < len(framed):
        field = FIELD.match(framed, position)
        assert field, f"COPY refuses {framed[position : position + 40]!r}"
        quoted, plain, end = field.groups()
        row.append(plain if quoted is None else quoted.replace('""', '"'))
        if end == "\n":
            table.append((int(row[0]), row[1:]))
            row = []
        position = field.end()
    assert not row, "the last row has no end"
    return table


def reasons(rows: CsvStream) -> list[tuple[str, str, str]]:
    """Return (line, reason, the row as it came) of what was set aside."""
    return [(rejected.position, rejected.reason, rejected.row) for rejected in rows.rejected]


def refusal(open_rows: Callable[[], object]) -> str:
    """Return the message of the InputError."""
    with pytest.raises(InputError) as caught:
        open_rows()
    return str(caught.value)
