"""What discovery found: entries as sources.yml has them, with what speaks for and against each guess."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Guess:
    """A column, or the element of an array: its words in sources.yml, and what to think about."""

    name: str
    type: str
    path: str | None = None
    personal: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArrayGuess:
    """An array of documents: `columns` of its elements, or the one `element`."""

    field: str
    words: dict[str, str]
    columns: tuple[Guess, ...] = ()
    element: Guess | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """The columns and arrays of an entry or of a kind; `words` come before them, such as key or tag."""

    words: dict[str, object]
    columns: tuple[Guess, ...] = ()
    arrays: tuple[ArrayGuess, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """An entry of sources.yml; a collection of several kinds has its columns in these, by name."""

    name: str
    shape: Shape
    kinds: dict[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposal:
    """All entries of a source; `others` are sentences about what none is proposed for."""

    engine: str
    entries: tuple[Entry, ...]
    others: tuple[str, ...] = ()


def counted(number: float, noun: str) -> str:
    """Return the number with its noun: 1 row, 2,000 rows."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"
