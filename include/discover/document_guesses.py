"""Propose columns and arrays for documents, by the statistics of their fields."""

from dataclasses import dataclass, field, replace

from include.discover.fields import Field
from include.discover.names import PLAIN, Names, as_name, free_name, is_personal_name
from include.discover.proposal import ArrayGuess, Guess
from include.specs import TAKEN_NAMES

LONGEST_COLUMN = 63
# BSON types -> the type of a column that holds them all; the first line that has all of them counts.
TYPES = (
    ({"string"}, "text"),
    ({"bool"}, "boolean"),
    ({"date"}, "timestamptz"),
    ({"objectId"}, "objectid"),
    ({"uuid"}, "uuid"),
    ({"int"}, "integer"),
    ({"int", "long"}, "bigint"),
    ({"int", "double", "double not finite"}, "double precision"),
    ({"int", "long", "double", "decimal"}, "numeric"),
)
# What such keys are kept as.
KEYS = {"objectid", "text", "integer", "bigint", "uuid"}
# An object with many fields, most of them rare, has data as its keys.
MANY_KEYS, RARE = 20, 0.1


@dataclass
class Guesses:
    """What was guessed for the `total` documents of one kind, or elements of one array (`noun` says which).

    `notes` is about fields that no column takes.
    """

    owner: str
    names: Names
    total: int
    noun: str = "documents"
    columns: list[Guess] = field(default_factory=list)
    arrays: list[ArrayGuess] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=lambda: {*TAKEN_NAMES, "_document", "_id", "position"})

    def add_fields(self, place: Field, path: str = "", besides: frozenset[str] = frozenset()) -> None:
        """Guess for every field of the documents, or of objects in them, but for those named."""
        for name, found in place.fields.items():
            whole = f"{path}.{name}" if path else name
            if name in besides:
                continue
            if not name or "." in name or name.startswith("$"):
                self.notes.append(f"only in _document, since no path leads to such a name: {whole}")
            elif not found.kinds:
                self.notes.append(f"only in _document, since it is always null: {whole}")
            else:
                self._add(whole, found)

    def _add(self, path: str, found: Field) -> None:
        if found.kinds == {"object"} and not _is_kept_whole(found):
            self.add_fields(found, path)
        elif (
            found.kinds == {"array"} and self.noun == "documents" and found.elements and found.elements.kinds
        ):
            self.arrays.append(self._array(path, found))
        else:
            self.columns.append(self._column(path, found))

    def _column(self, path: str, found: Field) -> Guess:
        """Return the column; its name is the field's where that is a plain one."""
        is_plain = PLAIN.fullmatch(path) and len(path) <= LONGEST_COLUMN and path not in self._taken
        name = path if is_plain else free_name(as_name(path, LONGEST_COLUMN), self._taken, LONGEST_COLUMN)
        self._taken.add(name)
        type_, notes = type_for(found)
        is_personal = type_ != "boolean" and is_personal_name(name, self.owner)
        notes += ["doubt: personal by its name"] if is_personal else []
        notes += self._share(found)
        return Guess(name, type_, None if name == path else path, is_personal, tuple(notes))

    def _share(self, found: Field) -> list[str]:
        """Say how many have the field, unless all have."""
        if found.values == self.total:
            return []
        share = f"{found.values / self.total:.0%}" if found.values * 200 > self.total else "<1%"
        return [f"in {found.values:,} of {self.total:,} {self.noun} ({share})"]

    def _array(self, path: str, found: Field) -> ArrayGuess:
        """Return the array with the columns of its elements, which are objects, or each one value."""
        elements, words = found.elements, {"raw": self.names.raw(self.owner, path)}
        inner = Guesses(self.owner, self.names, elements.types.total(), "elements")
        if elements.types.keys() == {"object"} and not _is_kept_whole(elements):
            inner.add_fields(elements)
        notes = (*self._share(found), *inner.notes)
        if inner.columns:
            return ArrayGuess(path, words, tuple(inner.columns), notes=notes)
        element = replace(inner._column(path.rpartition(".")[2], elements), path=None)
        return ArrayGuess(path, words, element=element, notes=notes)


def type_for(found: Field) -> tuple[str, list[str]]:
    """Return the type of the column for what is at a place, and the doubts about it."""
    for types, name in TYPES:
        if found.kinds <= types:
            return name, []
    if found.kinds == {"object"}:
        return "jsonb", ["doubt: kept as it is: deep, or of many keys" if found.fields else "always empty"]
    if found.kinds == {"array"}:
        return "jsonb", [
            "always empty" if not found.elements or not found.elements.kinds else "an array in an array"
        ]
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.types.most_common() if kind != "null")
    return "jsonb", [f"doubt: {'mixed types' if len(found.kinds) > 1 else 'no type of a column'}: {counts}"]


def key_type(found: Field) -> str:
    """Return the type of the key; any mixture is kept as extended JSON."""
    name, _ = type_for(found)
    return name if name in KEYS else "extended_json"


def _is_kept_whole(place: Field) -> bool:
    """Tell whether an object becomes one column: its fields are too many, too deep or none."""
    values = sum(inner.types.total() for inner in place.fields.values())
    rare = values < RARE * len(place.fields) * place.types["object"]
    return place.is_open or not place.fields or (len(place.fields) > MANY_KEYS and rare)
