"""Read a JSON file that is one object with lists of documents.

The file is read element by element, so that each document is judged by itself and keeps its text.
"""

import json
from collections.abc import Iterator, Sequence
from json.decoder import WHITESPACE, scanstring
from pathlib import Path

from include.errors import InputError
from include.rules.texts import listed
from include.seed.files import open_file
from include.seed.json_document import Element, Parser

BLANKS = " \t\r\n"


def read_lists(path: Path, names: Sequence[str]) -> tuple[dict[str, list[Element]], list[str]]:
    """Return the elements of the lists with these names, and the other names of the file.

    Raises InputError, with line and column if known, for a file that cannot be read, is no JSON, or does not
    have each list once.
    """
    text = _text(path)
    try:
        return _File(path, text).lists(names)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}). Nothing was loaded"
        ) from None
    except RecursionError:
        raise InputError(f"{path}: the JSON is nested too deeply to be a catalogue") from None


def _text(path: Path) -> str:
    try:
        with open_file(path) as file:
            return file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: not UTF-8. Save the file as UTF-8; nothing was loaded"
        ) from None


class _File:
    """The text of a file, and how far it is read."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._text, self._at = path, text, 0
        self._parser = Parser()

    def lists(self, wanted: Sequence[str]) -> tuple[dict[str, list[Element]], list[str]]:
        """Read the whole file; return the wanted lists, and the names of what else it has."""
        shape = f"an object with the lists {' and '.join(map(repr, wanted))}"
        if self._next() != "{":
            self._value()
            self._end()
            raise InputError(f"{self._path}: the file must be {shape}")
        found: dict[str, list[Element] | None] = {}
        for name in self._names():
            if name in wanted and name in found:
                raise self._repeated(name)
            is_list = name in wanted and self._next() == "["
            found[name] = self._elements() if is_list else self._value()
        self._end()
        if missing := [name for name in wanted if found.get(name) is None]:
            instead = f" ({missing[0]} is no list)" if missing[0] in found else ""
            raise InputError(
                f"{self._path}: the list {missing[0]!r} is missing; found {listed(found) or 'nothing'}"
                f"{instead}. The file must be {shape}; nothing was loaded"
            )
        return {name: found.pop(name) for name in wanted}, list(found)

    def _names(self) -> Iterator[str]:
        """Yield the names of the object that begins here, each before its value is read."""
        for _ in self._members("}"):
            self._expect('"', "Expecting property name enclosed in double quotes")
            self._name_at = self._at - 1
            name, self._at = scanstring(self._text, self._at, True)
            self._expect(":", "Expecting ':' delimiter")
            yield name

    def _elements(self) -> list[Element]:
        """Read the list that begins here."""
        elements = []
        for _ in self._members("]"):
            self._next()
            element, self._at = self._parser.parse(self._text, self._at)
            elements.append(element)
        return elements

    def _members(self, closing: str) -> Iterator[None]:
        """Stop at each member of the object or list that begins here."""
        self._at += 1
        if self._next() != closing:
            yield
            while self._next() != closing:
                self._expect(",", "Expecting ',' delimiter")
                yield
        self._at += 1

    def _value(self) -> None:
        """Pass by a value that is not loaded."""
        self._next()
        _, self._at = self._parser.parse(self._text, self._at)

    def _end(self) -> None:
        if self._next():
            raise json.JSONDecodeError("Extra data", self._text, self._at)

    def _expect(self, character: str, otherwise: str) -> None:
        if self._next() != character:
            raise json.JSONDecodeError(otherwise, self._text, self._at)
        self._at += 1

    def _next(self) -> str:
        """Return the next character that is no blank; none at the end."""
        found = self._text[self._at : self._at + 1]
        if found in BLANKS:
            self._at = WHITESPACE.match(self._text, self._at).end()
            found = self._text[self._at : self._at + 1]
        return found

    def _repeated(self, name: str) -> InputError:
        line = self._text.count("\n", 0, self._name_at) + 1
        column = self._name_at - self._text.rfind("\n", 0, self._name_at)
        return InputError(
            f"{self._path}, line {line}, column {column}: the list {name!r} is there a second time. "
            "Make one list of both; nothing was loaded"
        )
