"""Frame the lines of a CSV file for COPY: each with its number, the unreadable ones set aside.

Data flow: bytes of the file -> CsvStream.read() -> COPY. What only needs counting is decided here (encoding,
header, number of fields, quotes); what a value means is decided by the database (`rules/csv_values.py`).
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from include.errors import InputError
from include.rules.reasons import Problem, problem
from include.rules.rejected import Rejected

CHUNK_BYTES = 1 << 20
# A quote that stays open for more lines than this was never meant to be one.
LONGEST_RECORD_LINES = 100
# What Python's parser says -> the rule that the row breaks.
RULES = {
    "unexpected end of data": "unclosed_quote",
    "',' expected after '\"'": "quote_in_field",
    "new-line character seen in unquoted field": "carriage_return",
}


class CsvStream(io.RawIOBase):
    """A readable stream `number,row` for COPY over the data rows of a CSV file with a header.

    `required` are the columns that must be there, `key` the one that tells rows apart.
    Raises InputError for a file that cannot be read as such a CSV at all.
    """

    def __init__(self, path: Path, required: Sequence[str], key: str) -> None:
        self.path = path
        self.rows_read = 0
        self.rejected: list[Rejected] = []
        self.rejected_keys: list[str] = []
        self._file = _open(path)
        self.columns = self._read_header(required)
        self._key = self.columns.index(key)
        self._line = 1
        self._ready = b""
        self._chunks = self._framed_chunks()

    @property
    def extra_columns(self) -> list[str]:
        """The columns beyond the contract, which COPY receives under the names `_extra_N`."""
        return [name for name in self.columns if name not in self._required]

    @property
    def stage_columns(self) -> list[str]:
        """The columns as COPY receives them, in the file's order."""
        return [
            name if name in self._required else f"_extra_{position}"
            for position, name in enumerate(self.columns)
        ]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next framed bytes; COPY asks until there are none."""
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

    def _read_header(self, required: Sequence[str]) -> list[str]:
        self._required = frozenset(required)
        line = self._file.readline()
        if not line.strip():
            what = "the first line is empty" if line else "the file is empty"
            raise InputError(f"{self.path}: {what}. It needs the header {','.join(required)}")
        self.header = text = self._decode([line], 1).removeprefix("\ufeff").rstrip("\r\n")
        if "\0" in text or "\r" in text:
            what = "a NUL character (UTF-16?)" if "\0" in text else "a carriage return (old Mac?)"
            raise InputError(
                f"{self.path}, line 1: there is {what} in the header."
                " Save the file as UTF-8 with line feeds; nothing of it was loaded"
            )
        columns = [name.strip() for name in next(csv.reader([text]))]
        if missing := [name for name in required if name not in columns]:
            raise InputError(
                f"{self.path}, line 1: column {', '.join(missing)} is missing. Found: {', '.join(columns)}. "
                f"The header must name {','.join(required)}, separated by commas"
            )
        if repeated := sorted({name for name in columns if columns.count(name) > 1}):
            names = ", ".join(name or "without a name" for name in repeated)
            raise InputError(f"{self.path}, line 1: column {names} is there more than once")
        return columns

    def _framed_chunks(self) -> Iterator[bytes]:
        while lines := self._file.readlines(CHUNK_BYTES):
            first = self._line + 1
            self._line += len(lines)
            self._decode(lines, first)
            whole = b"".join(lines)
            if b'"' in whole or b"\0" in whole or b"\r" in whole.replace(b"\r\n", b"\n"):
                yield self._frame_one_by_one(lines, first)
            else:
                yield self._frame_plain(lines, first)

    def _frame_plain(self, lines: list[bytes], first: int) -> bytes:
        # The usual case, a third of a microsecond a line: nothing quoted, so commas are separators.
        separators = len(self.columns) - 1
        framed = []
        for number, line in enumerate(lines, first):
            row = line.rstrip(b"\r\n")
            if row.count(b",") == separators:
                framed.append(b"%d,%b\n" % (number, row))
            elif row.strip():
                self._reject(number, line, row.decode().split(","))
        self.rows_read += len(framed)
        return b"".join(framed)

    def _frame_one_by_one(self, lines: list[bytes], first: int) -> bytes:
        framed = io.StringIO()
        # Every field quoted: Python 3.11 leaves a lone carriage return bare, and PostgreSQL refuses the file.
        writer = csv.writer(framed, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        position = 0
        while position < len(lines):
            fields, length, found = self._parse_record(lines, position)
            record = b"".join(lines[position : position + length])
            if found or len(fields) != len(self.columns):
                if record.strip():
                    self._reject(first + position, record, fields, found)
            else:
                writer.writerow([first + position, *fields])
                self.rows_read += 1
            position += length
        return framed.getvalue().encode()

    def _parse_record(self, lines: list[bytes], position: int) -> tuple[list[str], int, Problem | None]:
        """Return the record's fields, how many lines it takes, and what makes it unreadable.

        Of a record that cannot be parsed only the first line is taken, so the rows after it are not lost.
        """
        reader = csv.reader(self._lines_from(lines, position), strict=True)
        try:
            fields = next(reader)
        except csv.Error as error:
            found = problem(RULES.get(str(error).partition(" - ")[0], "not_csv"), error)
            return lines[position].decode().rstrip("\r\n").split(","), 1, found
        record = b"".join(lines[position : position + reader.line_num])
        if b"\0" in record:
            return fields, reader.line_num, problem("nul_in_row")
        # Inside a field, as in 5", a quote is text for some programs and opens a text for others.
        return fields, reader.line_num, problem("lone_quote") if record.count(b'"') % 2 else None

    def _lines_from(self, lines: list[bytes], position: int) -> Iterator[str]:
        for number in range(position, position + LONGEST_RECORD_LINES):
            if number == len(lines):
                more = self._file.readline()
                if not more:
                    return
                self._line += 1
                self._decode([more], self._line)
                lines.append(more)
            yield lines[number].decode()

    def _reject(self, number: int, row: bytes, fields: list[str], found: Problem | None = None) -> None:
        """Set a row aside; raise InputError where it is the last one of a file that was cut off."""
        found = found or problem("field_count", len(fields), len(self.columns))
        # Every finished line ends with a line feed; taking a cut file as whole would delete what it lost.
        if not row.endswith(b"\n") and (found.rule == "unclosed_quote" or len(fields) < len(self.columns)):
            raise InputError(
                f"{self.path}, line {number}: the file ends in the middle of a row "
                f"({row.decode()[:80]!r}), it seems to be cut off. Nothing of it was loaded"
            )
        self.rows_read += 1
        # NUL is the one character that PostgreSQL cannot keep.
        text = row.decode().rstrip("\r\n").replace("\0", "\\0")
        self.rejected.append(Rejected(str(number), *found, row=text))
        # A row that came broken is not gone; nor are those that a quote across lines may have swallowed.
        candidates = [fields, *(line.split(",") for line in text.split("\n")[1:])]
        keys = [values[self._key].strip('"') for values in candidates if len(values) > self._key]
        self.rejected_keys += [key for key in keys if "\0" not in key]

    def _decode(self, lines: list[bytes], first: int) -> str:
        try:
            return b"".join(lines).decode("utf-8")
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            line, column = first + before.count(b"\n"), error.start - (before.rfind(b"\n") + 1) + 1
            raise InputError(
                f"{self.path}, line {line}, byte {column}: not UTF-8 (0x{error.object[error.start]:02x}). "
                "Save the file as UTF-8; nothing of it was loaded"
            ) from None


def _open(path: Path) -> io.BufferedReader:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file. Put it there, or name another folder") from None
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
