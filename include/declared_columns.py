"""What is declared of a column in sources.yml: what cannot be meant by it, and how long a key is."""

import math
from collections.abc import Collection, Mapping
from datetime import datetime

from include.specs import LARGEST, LONGEST_KEY, NUMBERS, SYSTEM_NAMES, TAKEN_NAMES

BOUNDED = {*NUMBERS, "date"}
# What has a length.
TEXTS = {"text", "extended_json"}
# What PostgreSQL takes for a name.
LONGEST_NAME = 63


def words_of(column: str | Mapping) -> Mapping:
    """Return what is declared of a column, of which the type may stand alone."""
    return {"type": column} if isinstance(column, str) else column


def with_key_lengths(columns: Mapping[str, Mapping], key: Collection[str]) -> dict[str, Mapping]:
    """Return the columns, and the texts of the key with a length: they share what an index can bear."""
    texts = [name for name, words in columns.items() if name in key and words["type"] in TEXTS]
    open_ = [name for name in texts if "max_bytes" not in columns[name]]
    left = LONGEST_KEY - sum(columns[name].get("max_bytes", 0) for name in texts)
    return {
        name: {"max_bytes": max(left // len(open_), 1), **words} if name in open_ else words
        for name, words in columns.items()
    }


def fault_of_name(name: object) -> str | None:
    """Return why raw cannot have a column of this name."""
    if not isinstance(name, str):
        return "is no text: put the name in quotes"
    if not 1 <= len(name.encode()) <= LONGEST_NAME:
        return f"a name has 1 to {LONGEST_NAME} bytes"
    if "%" in name:
        return "the driver takes a % in a name for a parameter: leave the column out, or rename it in a view"
    if name in SYSTEM_NAMES:
        return "every table of PostgreSQL has a column of this name already: rename it in a view"
    return "this name is the loader's own" if name in TAKEN_NAMES or name == "_document" else None


def fault_of_bounds(type: str, **words: object) -> str | None:
    """Return why the type cannot have these bounds."""
    if "max_bytes" in words and type not in TEXTS:
        return f"only {' and '.join(sorted(TEXTS))} have a length"
    bounds = {word: words[word] for word in ("minimum", "maximum") if word in words}
    if bounds and type not in BOUNDED:
        return f"only {', '.join(sorted(BOUNDED))} have bounds"
    for word, bound in bounds.items():
        if not _is_bound(type, bound):
            return f"{word}: {bound!r} is no {type}" + (", such as 2024-12-31" if type == "date" else "")
    if len(bounds) == 2 and bounds["minimum"] > bounds["maximum"]:
        return "minimum is above maximum"
    return None


def _is_bound(type_: str, bound: object) -> bool:
    """Tell whether a value of the type can equal the bound."""
    if type_ == "date":
        try:
            return bool(datetime.strptime(str(bound), "%Y-%m-%d"))
        except ValueError:
            return False
    if isinstance(bound, str) or not math.isfinite(bound):
        return False
    largest = LARGEST.get(type_)
    return largest is None or (bound == int(bound) and -largest - 1 <= bound <= largest)
