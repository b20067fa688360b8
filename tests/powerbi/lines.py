"""The lines of a TMDL file, one after the other, and the blocks of text below one of them."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line: its number from 1, how many tabs it begins with, and the rest; empty where it is blank."""

    number: int
    depth: int
    text: str


class Lines:
    """A cursor over a text: who iterates may take the block below a line, and goes on behind it."""

    def __init__(self, text: str) -> None:
        self._lines = [_line(number, raw) for number, raw in enumerate(text.split("\n"), 1)]
        self._raw = text.split("\n")
        self._next = 0

    def __iter__(self) -> Iterator[Line]:
        while self._next < len(self._lines):
            self._next += 1
            yield self._lines[self._next - 1]

    def block(self, depth: int) -> str:
        """Take the lines from here on that are this deep or blank, without what indents all of them."""
        start = self._next
        while self._next < len(self._lines) and self._belongs(self._lines[self._next], depth):
            self._next += 1
        return textwrap.dedent("\n".join(self._raw[start : self._next])).strip("\n")

    def fenced(self) -> str | None:
        """Take the lines up to three backticks, without the indentation of these; None where none follow."""
        start = self._next
        for at in range(start, len(self._lines)):
            if self._lines[at].text == "```":
                self._next = at + 1
                indent = "\t" * self._lines[at].depth
                return "\n".join(raw.removeprefix(indent) for raw in self._raw[start:at])
        self._next = len(self._lines)
        return None

    @staticmethod
    def _belongs(line: Line, depth: int) -> bool:
        return not line.text or line.depth >= depth


def _line(number: int, raw: str) -> Line:
    text = raw.lstrip("\t")
    return Line(number, len(raw) - len(text), text.rstrip(" \t"))
