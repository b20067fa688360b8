"""Whether the rows of a CSV file are plain: each value of a form that COPY reads just as the rules do.

COPY takes more than the rules: 20240901, `today` and Infinity, or 0xff for a number. A plain text needs no
quotes, and is surely not blank where one is required.
"""

import io
import re
from collections.abc import Sequence

from include.seed.csv_lines import LONGEST_FIELD, LONGEST_LINE_BYTES
from include.specs import Column

BLOCK_BYTES = 1 << 20
# Possessive, as everything here: what does not fit is not tried in another way.
REST = rb'[^",\n\r\\\0]{0,%d}+' % (LONGEST_FIELD - 1)
VISIBLE = rb"[!#-+\--\[\]-~]"
NUMBER = rb"(?:[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?)?+"
WHOLE = rb"(?:[+-]?[0-9]{1,18})?+"
FORMS = {
    "integer": WHOLE,
    "bigint": WHOLE,
    "numeric": NUMBER,
    "date": rb"(?:[0-9]{4}-[0-9]{2}-[0-9]{2})?+",
}


def count_plain(file: io.BufferedReader, columns: Sequence[Column]) -> int | None:
    """Return how many rows the rest of the file has, None when not all of them are plain.

    `columns` are those of the file, in its order.
    """
    row = b",".join(_form(column) for column in columns)
    rows = re.compile(rb"(?:%b\r?\n)*+" % row)
    count = 0
    while block := file.read(BLOCK_BYTES):
        block += file.readline(LONGEST_LINE_BYTES)
        block += b"" if block.endswith(b"\n") else b"\n"
        if not rows.fullmatch(block):
            return None
        count += block.count(b"\n")
    return count


def _form(column: Column) -> bytes:
    """Return the pattern of the column's plain values."""
    if column.type != "text":
        return FORMS[column.type]
    return VISIBLE + REST if column.required else rb"(?:%b%b)?+" % (VISIBLE, REST)
