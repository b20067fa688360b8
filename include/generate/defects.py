"""Mistakes as real exports make them, one per broken row, for the pipeline to find.

Whether a row is broken, and how, hangs on its place in the world and not on the file's date: a
broken row stays broken the next day, and a higher share breaks the same rows and more. No other
row changes.
"""

from collections.abc import Callable

import numpy as np

from include.generate.catalogue import Document
from include.generate.streams import Random

WHOLE = -1  # the kind of a row without a mistake

# A mistake takes the row's fields and the key of the row above, and gives the broken fields.
RowMistake = Callable[[list[str], str], list[str]]
DocumentMistake = Callable[[Document, str], Document]


def _put(column: int, change: Callable[[str], str]) -> RowMistake:
    return lambda row, _: [*row[:column], change(row[column]), *row[column + 1 :]]


def _month_13(text: str) -> str:
    return f"{text[:5]}13{text[7:]}"


KEY_MISTAKES: dict[str, RowMistake] = {
    "empty key": _put(0, lambda _: ""),
    "repeated key": lambda row, above: [above, *row[1:]],
    "missing field": lambda row, _: row[:-1],
}
USER_MISTAKES: dict[str, RowMistake] = {
    **KEY_MISTAKES,
    "bad number": _put(1, lambda age: f"{age} years"),
    "bad date": _put(4, _month_13),
    "negative watch time": _put(5, lambda hours: f"-{float(hours) + 1:.1f}"),
}
SESSION_MISTAKES: dict[str, RowMistake] = {
    **KEY_MISTAKES,
    "bad number": _put(4, lambda minutes: f"{minutes} min"),
    "bad date": _put(3, _month_13),
    "negative duration": _put(4, lambda minutes: f"-{minutes}"),
    "completion above 100": _put(5, lambda _: "120.0"),
}
TITLE_MISTAKES: dict[str, DocumentMistake] = {
    "empty key": lambda title, _: title | {"content_id": ""},
    "repeated key": lambda title, above: title | {"content_id": above},
    "missing title": lambda title, _: {k: v for k, v in title.items() if k != "title"},
    "bad number": lambda title, _: title | {"rating": "n/a"},
    "negative budget": lambda title, _: title | {"production_budget": -1},
}


def draw_defects(random: Random, count: int, share: float, kinds: int) -> np.ndarray:
    """Draw which of `kinds` mistakes each of `count` rows has: WHOLE for most of them."""
    luck, kind = random.random((count, 2)).T
    return np.where(luck < share, (kind * kinds).astype(np.int8), WHOLE)


def break_lines(text: bytes, defects: np.ndarray, mistakes: dict[str, RowMistake]) -> bytes:
    """Break the lines of a piece of CSV, of which `defects` has one number each."""
    broken = np.flatnonzero(defects != WHOLE)
    if not len(broken):
        return text
    lines, how = text.decode().split("\n"), list(mistakes.values())
    for row in broken.tolist():
        above = _last_whole(defects, row)
        key = lines[above].split(",", 1)[0] if above is not None else ""
        lines[row] = ",".join(how[defects[row]](lines[row].split(","), key))
    return "\n".join(lines).encode()


def break_documents(titles: list[Document], defects: np.ndarray) -> list[Document]:
    """Break the titles of one kind, of which `defects` has one number each."""
    how, result = list(TITLE_MISTAKES.values()), list(titles)
    for row in np.flatnonzero(defects != WHOLE).tolist():
        above = _last_whole(defects, row)
        key = titles[above]["content_id"] if above is not None else ""
        result[row] = how[defects[row]](titles[row], key)
    return result


def _last_whole(defects: np.ndarray, row: int) -> int | None:
    """Find the nearest row above without a mistake; the first rows of a piece may have none."""
    above = row - 1
    while above >= 0 and defects[above] != WHOLE:
        above -= 1
    return above if above >= 0 else None
