"""The value of a property, as its kind in the grammar asks for it."""

import re

from tests.powerbi.grammar import FLAG, NAME, NUMBER, PATH, TEXT, Value
from tests.powerbi.names import parts

QUOTED = re.compile(r'"((?:[^"]|"")*)"')


def checked(kind: Value, rest: str) -> tuple[str, str]:
    """Return a property's value, and what is wrong with it or nothing.

    `rest` is what follows the property's name: a colon and the value, or nothing for a flag that is true.
    Words of an enumeration come in the grammar's spelling, single names and texts without their quotes.
    """
    value = rest[1:].strip()
    if kind == FLAG and not rest:
        return "true", ""
    if not rest.startswith(":"):
        return value, f"takes a colon and a value, not {rest!r}"
    if not value:
        return value, "has no value"
    words = ("true", "false") if kind == FLAG else kind
    return _word(words, value) if isinstance(words, tuple) else _READ[words](value)


def _word(words: tuple[str, ...], value: str) -> tuple[str, str]:
    found = next((word for word in words if word.lower() == value.lower()), "")
    return found or value, "" if found else f"is {value!r}, not one of {', '.join(words)}"


def _number(value: str) -> tuple[str, str]:
    return value, "" if re.fullmatch(r"-?\d+", value) else f"is {value!r}, not a whole number"


def _text(value: str) -> tuple[str, str]:
    """Strip the quotes around a text; a quote within quotes is doubled."""
    quoted = QUOTED.fullmatch(value)
    if quoted:
        return quoted[1].replace('""', '"'), ""
    whole = len(value) > 1 and value[0] == value[-1] == '"'
    return value, f"holds a quote that is not doubled: {value}" if whole else ""


def _name(value: str) -> tuple[str, str]:
    names = parts(value)
    if len(names) == 1:
        return names[0], ""
    return value, f"is {value!r}, not one name, quoted where it holds blanks or signs"


def _path(value: str) -> tuple[str, str]:
    return value, "" if len(parts(value)) == 2 else f"is {value!r}, not two names with a dot between them"


_READ = {NUMBER: _number, TEXT: _text, NAME: _name, PATH: _path}
