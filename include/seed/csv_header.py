"""Read the header of a CSV file: a record like any other, so a quoted name may have line breaks."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence

from include.errors import InputError
from include.rules.texts import BLANKS, listed, shown
from include.seed.csv_lines import CsvLines

LONGEST_HEADER_LINES = 100


def read_header(lines: CsvLines, required: Sequence[str]) -> tuple[str, list[str]]:
    """Return the header as it stands in the file, and the names in it, without white space around them.

    Raises InputError when it cannot be read, lacks one of the required columns, or has a name twice.
    """
    text, names = _read_record(lines, required)
    columns = [name.strip() for name in names]
    if missing := [name for name in required if name not in columns]:
        # First what looks like a missing one.
        found = sorted(columns, key=lambda name: _without_blanks(name) not in missing)
        advice = f". Delete the line {shown(text)}" if text.lower().startswith("sep=") else ""
        raise InputError(
            f"{lines.path}, line 1: column {', '.join(missing)} is missing. Found: {listed(found)}. "
            f"The header must name {','.join(required)}, separated by commas{advice}"
        )
    if repeated := sorted(name for name, times in Counter(columns).items() if times > 1):
        what = listed(repeated) if any(repeated) else "without a name"
        advice = "" if all(repeated) else ". Give each column a name, or delete the empty ones"
        raise InputError(f"{lines.path}, line 1: column {what} is there more than once{advice}")
    return text, columns


def parse_header(text: str) -> list[str]:
    """Return the names in a header that was read before."""
    return [name.strip() for name in next(csv.reader(io.StringIO(text, newline="")))]


def _read_record(lines: CsvLines, required: Sequence[str]) -> tuple[str, list[str]]:
    """Return the text and the fields of the first record."""
    first = lines.read_line()
    if not first.strip():
        what = "the first line is empty" if first else "the file is empty"
        raise InputError(f"{lines.path}: {what}. It needs the header {','.join(required)}")
    texts: list[str] = []
    try:
        names = next(csv.reader(_decoded(lines, first, texts), strict=True))
    except csv.Error as error:
        is_open = str(error) == "unexpected end of data"
        what = "a quote is opened and never closed" if is_open else f"it is not CSV: {error}"
        raise InputError(
            f"{lines.path}, line 1: {what} in the header ({shown(texts[0])}). Nothing of it was loaded"
        ) from None
    return "".join(texts).rstrip("\r\n"), names


def _decoded(lines: CsvLines, line: bytes, texts: list[str]) -> Iterator[str]:
    """Yield the lines of the header, from the first one on, and keep them in `texts`."""
    while line and len(texts) < LONGEST_HEADER_LINES:
        text = lines.decode(line, lines.number)
        text = text if texts else text.removeprefix("\ufeff")
        content = text.rstrip("\r\n")
        if "\0" in content or "\r" in content:
            what = "a NUL character (UTF-16?)" if "\0" in content else "a carriage return (old Mac?)"
            raise InputError(
                f"{lines.path}, line {lines.number}: there is {what} in the header."
                " Save the file as UTF-8 with line feeds; nothing of it was loaded"
            )
        texts.append(text)
        yield text
        line = lines.read_line()


def _without_blanks(name: str) -> str:
    return "".join(character for character in name if character not in BLANKS).casefold()
