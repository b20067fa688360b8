"""Stream the rows of a CSV file to COPY, each with its line number; set unreadable rows aside.

Data flow: bytes of the file -> CsvStream.read() -> COPY. The row `U1,34` on line 2 is sent as `2,U1,34`,
without the columns that nobody asked for. Checked here is what needs no types: encoding, header, number of
fields, quotes, and the longest field. The database checks the values (`rules/csv_values.py`).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path

from include.errors import InputError
from include.rules.reasons import Problem, problem
from include.rules.rejected import Rejected
from include.rules.texts import listed
from include.seed.csv_header import read_header
from include.seed.csv_lines import LONGEST_FIELD, LONGEST_LINE_BYTES, CsvLines
from include.seed.files import open_file

CHUNK_BYTES = 1 << 20
# A quote that is still open after so many lines is taken for a typing error.
LONGEST_RECORD_LINES = 100
# Message of Python's CSV parser -> the rule that the row breaks.
RULES = {
    "unexpected end of data": "unclosed_quote",
    "',' expected after '\"'": "quote_in_field",
    "new-line character seen in unquoted field": "carriage_return",
}
BLANK_BEFORE_QUOTE = re.compile(rb'(?:^|,)[ \t]+"')


class CsvStream(io.RawIOBase):
    """A readable stream for COPY: the data rows of a CSV file with a header, each as `line number,row`.

    `required` are the columns that the header must name and COPY receives, `key` is the one that identifies a
    row. `lacking` are characters that the database has not. Raises InputError for a file that cannot be read
    as such a CSV at all.
    """

    def __init__(self, path: Path, required: Sequence[str], key: str) -> None:
        self.path = path
        self.lacking: frozenset[str] = frozenset()
        self.rows_read = 0
        self.rejected: list[Rejected] = []
        self.rejected_keys: list[str] = []
        # Lines at which a row is legal, and probably not what was meant.
        self._swallowed: list[int] = []
        self._blank_before_quote: list[int] = []
        self._file = open_file(path)
        self._lines = CsvLines(path, self._file)
        self.header, self.columns = read_header(self._lines, required)
        # Where in the file the header has ended.
        self.first_row = self._file.tell()
        self._required = frozenset(required)
        self._key = self.columns.index(key)
        self._needed = self._pick_needed()
        self._ready = b""
        self._chunks = self._numbered_chunks()

    @property
    def extra_columns(self) -> list[str]:
        """The columns that are not required; COPY does not receive them."""
        return [name for name in self.columns if name not in self._required]

    @property
    def stage_columns(self) -> list[str]:
        """The column names for COPY, in the file's order."""
        return [name for name in self.columns if name in self._required]

    @property
    def notes(self) -> list[str]:
        """What people should know of the file although it was loaded; complete once everything was read."""
        name, notes = self.path.name, []
        if self.extra_columns:
            notes.append(f"{name} has columns that are not loaded: {listed(self.extra_columns)}")
        if lines := self._swallowed:
            notes.append(
                f"{name}: inside a quoted field are lines that look like rows ({_at(lines)}). Is a quote"
                " missing? Rows with their keys were not deleted"
            )
        if lines := self._blank_before_quote:
            notes.append(f"{name}: a blank before a quote makes the quotes part of the value ({_at(lines)})")
        return notes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes for COPY, none at the end of the file."""
        while not self._ready:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._ready = chunk
        size = len(self._ready) if size < 0 else size
        out, self._ready = self._ready[:size], self._ready[size:]
        return out

    def close(self) -> None:
        self._file.close()
        super().close()

    def _pick_needed(self) -> itemgetter | None:
        """Return what takes line number and required columns of a numbered row; None where these are all."""
        needed = [place for place, name in enumerate(self.columns, 1) if name in self._required]
        return itemgetter(0, *needed) if len(needed) < len(self.columns) else None

    def _numbered_chunks(self) -> Iterator[bytes]:
        """Yield the rows in chunks; parsed as CSV is only one in which more than commas and lines matter."""
        while True:
            first = self._lines.number + 1
            block = self._lines.read_block(CHUNK_BYTES)
            if not block:
                return
            text = self._lines.decode(block, first)
            lines = io.BytesIO(block).readlines()
            if _needs_parser(block) or not self.lacking.isdisjoint(text):
                yield self._number_records(lines, first)
            else:
                yield self._number_lines(lines, first)

    def _number_lines(self, lines: list[bytes], first: int) -> bytes:
        """Number the rows of a chunk without quotes, where every comma separates: 0.3 microseconds a row."""
        separators = len(self.columns) - 1
        numbered = []
        for number, line in enumerate(lines, first):
            row = line.rstrip(b"\r\n")
            if row.count(b",") == separators:
                numbered.append(b"%d,%b\n" % (number, row))
            elif row.strip():
                self._reject(number, line, row.decode().split(","))
        self.rows_read += len(numbered)
        if needed := self._needed:
            numbered = [b",".join(needed(row[:-1].split(b","))) + b"\n" for row in numbered]
        return b"".join(numbered)

    def _number_records(self, lines: list[bytes], first: int) -> bytes:
        """Parse and number the records of a chunk; one of several lines has the number of its first."""
        numbered = io.StringIO()
        # All fields quoted: Python 3.11 would not quote a lone carriage return, which PostgreSQL refuses.
        writer = csv.writer(numbered, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        block = b"".join(lines)
        is_suspect = b' "' in block or b'\t"' in block
        position = 0
        with _any_length_of_field():
            while position < len(lines):
                fields, length, found = self._parse_record(lines, position)
                record = b"".join(lines[position : position + length])
                if found or len(fields) != len(self.columns):
                    if record.strip():
                        self._reject(first + position, record, fields, found)
                else:
                    row = [first + position, *fields]
                    writer.writerow(self._needed(row) if self._needed else row)
                    self.rows_read += 1
                    if is_suspect or length > 1:
                        self._look_for_mistakes(first + position, record, fields)
                position += length
        return numbered.getvalue().encode()

    def _parse_record(self, lines: list[bytes], position: int) -> tuple[list[str], int, Problem | None]:
        """Return the record's fields, its number of lines, and the problem that makes it unreadable.

        A record that cannot be parsed counts as one line, so the rows after it are read as usual.
        """
        reader = csv.reader(self._lines_from(lines, position), strict=True)
        try:
            fields = next(reader)
        except csv.Error as error:
            return lines[position].decode().rstrip("\r\n").split(","), 1, problem_of(error)
        record = b"".join(lines[position : position + reader.line_num])
        if b"\0" in record:
            return fields, reader.line_num, problem("nul_in_row")
        # A quote inside a field, as in 5", is text for some programs and opens a quoted field for others.
        if record.count(b'"') % 2:
            return fields, reader.line_num, problem("lone_quote")
        found = self._long_field(fields) if len(record) > LONGEST_FIELD else None
        return fields, reader.line_num, found or (self._foreign_field(fields) if self.lacking else None)

    def _foreign_field(self, fields: list[str]) -> Problem | None:
        """Return the problem of the first field that COPY receives and the database cannot hold, or None."""
        for name, value in zip(self.columns, fields, strict=False):
            if name in self._required and (found := sorted(self.lacking.intersection(value))):
                return problem("not_in_encoding", "".join(found), column=name, value=value)
        return None

    def _long_field(self, fields: list[str]) -> Problem | None:
        """Return the problem of the first field that is too long, or None."""
        for name, value in zip(self.columns, fields, strict=False):
            if len(value) > LONGEST_FIELD:
                return problem("field_limit", LONGEST_FIELD, column=name, value=value)
        return None

    def _look_for_mistakes(self, number: int, record: bytes, fields: list[str]) -> None:
        """Note what is legal in a row and probably not meant; keep the keys that a quote swallowed."""
        separators = len(self.columns) - 1
        for place, line in enumerate(record.rstrip(b"\r\n").split(b"\n")[1:], number + 1):
            if line.count(b",") == separators > 0:
                self._swallowed.append(place)
                self.rejected_keys.append(line.decode().rstrip("\r").split(",")[self._key].strip('"'))
        if BLANK_BEFORE_QUOTE.search(record) and any(
            field[:1] in (" ", "\t") and field.lstrip(" \t")[:1] == '"' for field in fields
        ):
            self._blank_before_quote.append(number)

    def _lines_from(self, lines: list[bytes], position: int) -> Iterator[str]:
        """Yield the lines of a record; at the end of the chunk, append further lines of the file to it."""
        for number in range(position, position + LONGEST_RECORD_LINES):
            if number == len(lines):
                more = self._lines.read_line()
                if not more:
                    return
                self._lines.decode(more, self._lines.number)
                lines.append(more)
            yield lines[number].decode()
            if sum(map(len, lines[position : number + 1])) > LONGEST_LINE_BYTES:
                return

    def _reject(self, number: int, row: bytes, fields: list[str], found: Problem | None = None) -> None:
        """Set a row aside; raise InputError when it is the incomplete last row of a truncated file."""
        found = found or problem("field_count", len(fields), len(self.columns))
        # A complete line ends with a line feed. Taking a truncated file as whole would delete its lost rows.
        if not row.endswith(b"\n") and (found.rule == "unclosed_quote" or len(fields) < len(self.columns)):
            raise InputError(
                f"{self.path}, line {number}: the file ends in the middle of a row "
                f"({row.decode()[:80]!r}), it seems to be cut off. Nothing of it was loaded"
            )
        self.rows_read += 1
        # NUL is the only character that PostgreSQL cannot store.
        text = row.decode().rstrip("\r\n").replace("\0", "\\0")
        self.rejected.append(Rejected(str(number), *found, row=text))
        # A rejected row is not a deleted one, so its key is kept; so are keys of lines inside an open quote.
        candidates = [fields, *(line.split(",") for line in text.split("\n")[1:])]
        keys = [values[self._key].strip('"') for values in candidates if len(values) > self._key]
        keys += _forgivingly(text)[self._key : self._key + 1]
        self.rejected_keys += [key for key in dict.fromkeys(keys) if "\0" not in key]


def problem_of(error: csv.Error) -> Problem:
    """Return the problem of a row that Python's parser, which is strict, does not take."""
    return problem(RULES.get(str(error).partition(" - ")[0], "not_csv"), error)


def _forgivingly(text: str) -> list[str]:
    """Return the fields of a row whose quotes may be misplaced: before these, commas in quotes are text."""
    lines = text.replace("\r", " ").split("\n") if '"' in text else []
    return next(csv.reader(f"{line}\n" for line in lines), [])


def _needs_parser(block: bytes) -> bool:
    """Tell whether a comma or a line feed may be part of a value, or a field too long."""
    # So long a line covers a whole half of the limit somewhere.
    half = LONGEST_FIELD // 2
    windows = range(0, len(block) - half + 1, half)
    return (
        b'"' in block
        or b"\0" in block
        or b"\r" in block.replace(b"\r\n", b"\n")
        or any(block.find(b"\n", start, start + half) < 0 for start in windows)
    )


@contextmanager
def _any_length_of_field() -> Iterator[None]:
    """Let Python's parser take fields of any length: which is too long is decided in one place."""
    limit = csv.field_size_limit(2 * LONGEST_LINE_BYTES)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _at(lines: list[int]) -> str:
    """Name lines: the first ones, and how many more there are."""
    return f"line {listed([str(number) for number in lines])}"
