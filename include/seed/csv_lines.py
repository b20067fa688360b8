"""Read the lines of a CSV file: in blocks, with their numbers, as UTF-8, and none that memory cannot hold."""

import io
from pathlib import Path

from include.errors import InputError

# A longer line is no row: a line feed is missing, or it is another kind of file.
LONGEST_LINE_BYTES = 1 << 24
# In characters, with quotes around it or not.
LONGEST_FIELD = 131_072


class CsvLines:
    """The lines of a file, from the first on; `number` is that of the last one that was read."""

    def __init__(self, path: Path, file: io.BufferedReader) -> None:
        self.path = path
        self.number = 0
        self._file = file

    def read_block(self, size: int) -> bytes:
        """Return whole lines of about so many bytes, none at the end of the file; `number` is moved on."""
        block = self._file.read(size)
        if block and not block.endswith(b"\n"):
            block += self._file.readline(LONGEST_LINE_BYTES + 1)
        return self._counted(block)

    def read_line(self) -> bytes:
        """Return the next line, or nothing."""
        return self._counted(self._file.readline(LONGEST_LINE_BYTES + 1))

    def decode(self, block: bytes, first: int) -> str:
        """Decode lines, numbered from `first` on; raise InputError with the place of invalid UTF-8."""
        try:
            return block.decode("utf-8")
        except UnicodeDecodeError as error:
            before = block[: error.start]
            line, column = first + before.count(b"\n"), error.start - (before.rfind(b"\n") + 1) + 1
            raise InputError(
                f"{self.path}, line {line}, byte {column}: not UTF-8 (0x{block[error.start]:02x}). "
                "Save the file as UTF-8; nothing of it was loaded"
            ) from None

    def _counted(self, block: bytes) -> bytes:
        """Count the block's lines; raise InputError when the last one is too long to be a row."""
        ended = block.count(b"\n")
        is_open = bool(block) and not block.endswith(b"\n")
        self.number += ended + is_open
        if is_open and len(block) - (block.rfind(b"\n") + 1) > LONGEST_LINE_BYTES:
            raise InputError(
                f"{self.path}, line {self.number}: the line is longer than {LONGEST_LINE_BYTES:,} bytes. "
                "Is a line feed missing, or is it no CSV file? Nothing of it was loaded"
            )
        return block
