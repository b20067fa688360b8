"""Parse one JSON value so that nothing of it is altered in silence.

Python's parser keeps the last of two fields with one name, makes doubles of all numbers with a point, and
reads NaN and Infinity, which are no JSON. Here a number that a double does not hold becomes a Decimal128.
What that does not hold either is a problem of the document, as the other two are, with the field's path.

Example: {"title": "A", "crew": [{"age": 1, "age": 2}]} has the problem that "crew[0].age" is there twice.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from bson.decimal128 import Decimal128

from include.rules.documents import DEEPEST
from include.rules.reasons import Problem, problem
from include.rules.texts import clipped

# Fewer characters than these, without an exponent, are at most 15 digits, which every double holds, and at
# most 18, which every int64 holds.
SHORT_DECIMAL, SHORT_INTEGER = 17, 19
SMALLEST_INT64, LARGEST_INT64 = -(2**63), 2**63 - 1
# Strings count whole, since they may hold brackets.
BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)


class Element(NamedTuple):
    """A parsed value, its text as it came, and why its value is not what the text says, if so."""

    text: str
    value: object
    problem: Problem | None = None

    def keys(self, name: str) -> set[str]:
        """Return the texts that the field has: none, one, or several when the document repeats it."""
        if isinstance(self.value, Repeating):
            found = [value for field, value in self.value.pairs if field == name]
        else:
            found = [self.value.get(name)] if isinstance(self.value, dict) else []
        return {value for value in found if isinstance(value, str)}


class Repeating(dict):
    """An object with a name that it repeats, and all its pairs."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


@dataclass(frozen=True)
class Unheld:
    """Stands for a number that no type of MongoDB holds to its last digit."""

    text: str

    def __repr__(self) -> str:
        return self.text


class Parser:
    """A JSON parser that notices what Python's alters."""

    def __init__(self) -> None:
        self._is_altered = False
        self._scan = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_float=self._decimal,
            parse_int=self._integer,
            parse_constant=self._constant,
        ).scan_once

    def parse(self, text: str, start: int = 0) -> tuple[Element, int]:
        """Return the value that begins at `start`, and where it ends.

        Raises JSONDecodeError for what is no JSON, and RecursionError for a value too deep to find its end.
        """
        self._is_altered = False
        try:
            value, end = self._scan(text, start)
        except StopIteration as error:
            raise json.JSONDecodeError("Expecting value", text, error.value) from None
        except RecursionError:
            return self._parse_top(text, start)
        # The path is looked for in a second pass, which few documents need.
        found = _find_problem(value) if self._is_altered else None
        return Element(text[start:end], value, found), end

    def _parse_top(self, text: str, start: int) -> tuple[Element, int]:
        """Return a value that is too deep for Python's parser without what is in its objects and lists."""
        top, end = _top_level(text, start)
        try:
            value, _ = self._scan(top, 0)
        except (json.JSONDecodeError, StopIteration):
            raise json.JSONDecodeError("a fault in the value that begins", text, start) from None
        if "\0" in text[start:end]:
            raise json.JSONDecodeError("Invalid control character at", text, text.index("\0", start))
        return Element(text[start:end], value, problem("too_deep", DEEPEST)), end

    def _object(self, pairs: list[tuple[str, object]]) -> dict:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self._is_altered = True
        return Repeating(pairs)

    def _integer(self, text: str) -> object:
        """Return an int where MongoDB has one, else a decimal."""
        if len(text) < SHORT_INTEGER:
            # Whole numbers have no negative zero, doubles do.
            return -0.0 if text == "-0" else int(text)
        if len(text) <= len(str(SMALLEST_INT64)) and SMALLEST_INT64 <= int(text) <= LARGEST_INT64:
            return int(text)
        return self._decimal128(text)

    def _decimal(self, text: str) -> object:
        """Return a double if its shortest text is the same number, as with 0.1, else a decimal."""
        value = float(text)
        if len(text) < SHORT_DECIMAL and "e" not in text and "E" not in text:
            return value
        return value if _is_number(text, value) else self._decimal128(text)

    def _decimal128(self, text: str) -> object:
        try:
            return Decimal128(text)
        except ArithmeticError:
            self._is_altered = True
            return Unheld(text)

    def _constant(self, text: str) -> float:
        self._is_altered = True
        return float(text)


def parse_document(text: str) -> Element:
    """Return the one value that the text is. Raises what `Parser.parse` raises."""
    blank = len(text) - len(text.lstrip(" \t\r\n"))
    element, end = Parser().parse(text, blank)
    if text[end:].strip(" \t\r\n"):
        raise json.JSONDecodeError("Extra data", text, end)
    return element


def _is_number(text: str, value: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(value))
    except ArithmeticError:
        # An exponent of twenty digits.
        return False


def _find_problem(value: object) -> Problem | None:
    """Return the first thing that the parser altered, in the order of the document."""
    pending = [("", value)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, Unheld):
            return problem("number_not_held", column=clipped(path), value=clipped(value.text))
        if isinstance(value, float) and not math.isfinite(value):
            return problem("not_a_json_number", column=clipped(path), value=str(value))
        if isinstance(value, Repeating):
            names = Counter(name for name, _ in value.pairs)
            name = next(name for name, times in names.items() if times > 1)
            return problem("repeated_name", column=clipped(_join(path, name)))
        pending += reversed(list(_parts(path, value)))
    return None


def _parts(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield what is in an object or a list, with its path."""
    if isinstance(value, dict):
        yield from ((_join(path, name), inner) for name, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"{path}[{place}]", inner) for place, inner in enumerate(value))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _top_level(text: str, start: int) -> tuple[str, int]:
    """Return the text of a value that is too deep, with null for its objects and lists, and its end."""
    depth, kept, last = 0, [], start
    for bracket in BRACKETS.finditer(text, start):
        if bracket[0] in "[{":
            depth += 1
            if depth == 2:
                kept += text[last : bracket.start()], "null"
        elif bracket[0] in "]}":
            depth -= 1
            last = bracket.end() if depth == 1 else last
        if depth == 0:
            return "".join([*kept, text[last : bracket.end()]]), bracket.end()
    raise RecursionError("nested too deeply")
