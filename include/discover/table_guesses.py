"""What of a table is its key and what its watermark, by its catalogue."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from include.declarations import KEYS
from include.discover.catalogue import Index, Relation
from include.discover.names import is_stamp_name, words_of
from include.extract_load.shape import FULL_NAMES, STAMPS, Found

SHORT_NAMES = {full: short for short, full in FULL_NAMES.items()}
NO_KEY = "doubt: no key: read whole each time, rows known by hash"


@dataclass(frozen=True)
class Guessed:
    """Words of an entry, and what speaks for and against them."""

    words: dict[str, object]
    notes: list[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a key."""
        key = self.words.get("key", ())
        return (key,) if isinstance(key, str) else tuple(key)


def find_key(relation: Relation, columns: Mapping[str, Found], indexes: Sequence[Index]) -> Guessed:
    """Return the primary key, else a unique index on columns that are never null, else none."""
    keys = [index for index in indexes if index.is_key and _is_key(index, columns)]
    if not keys:
        why = [f"doubt: {why}" for why in _unfit(columns, indexes)]
        if relation.kind in "vmf":
            why.append(f"doubt: the catalogue knows no key of a {relation.kind_name}: declare one if you do")
        return Guessed({}, [NO_KEY, *why])
    index = keys[0]
    kind = "the primary key" if index.is_primary else f"the unique index {index.name}, never null"
    notes = [f"key: {', '.join(index.columns)} ({kind})"]
    if relation.has_children:
        notes.append("doubt: tables inherit from it, and their rows come too: the key holds in each alone")
    return Guessed({"key": index.columns[0] if len(index.columns) == 1 else list(index.columns)}, notes)


def _is_key(index: Index, columns: Mapping[str, Found]) -> bool:
    return all(
        name in columns
        and columns[name].is_loadable
        and columns[name].is_required
        and short_type(columns[name]) in KEYS
        for name in index.columns
    )


def _unfit(columns: Mapping[str, Found], indexes: Sequence[Index]) -> Iterator[str]:
    """Say of each index that might have been the key why it is not."""
    for index in indexes:
        found = [columns.get(name) for name in index.columns]
        if not index.is_key or None in found:
            continue
        what = "primary key" if index.is_primary else "unique index"
        place = f"the {what} {index.name} ({', '.join(index.columns)})"
        if hidden := [column.name for column in found if not column.is_loadable]:
            yield f"{place} has {', '.join(hidden)}, which cannot be read"
        elif odd := [
            f"{column.name} {column.full_type}" for column in found if short_type(column) not in KEYS
        ]:
            yield f"{place} has {', '.join(odd)}, a type that cannot be a key"
        else:
            yield f"{place} would be a key if its columns were never null"


def find_watermark(columns: Mapping[str, Found], indexes: Sequence[Index], relation: Relation) -> Guessed:
    """Return the stamp of the last change by its name and type, with its zone where the type has none."""
    stamps = [found for found in columns.values() if found.type in STAMPS and found.is_loadable]
    known = sorted(
        (s for s in stamps if is_stamp_name(s.name)), key=lambda stamp: list(STAMPS).index(stamp.type)
    )
    if not known:
        return Guessed({}, [f"doubt: no column says by name and type when a row changed{_made(stamps)}"])
    stamp = known[0]
    words = {"watermark": stamp.name}
    notes = [f"watermark: {stamp.name} ({stamp.full_type}), by its name"]
    notes[0] += ", never null" if stamp.is_required else "; may be null, such rows are read each time"
    notes += [f"doubt: {doubt}" for doubt in _doubts(stamp, indexes, relation)]
    if stamp.type != FULL_NAMES["timestamptz"]:
        words["time_zone"] = "UTC"
        notes.append(f"doubt: {stamp.name} has no time zone: UTC is a guess")
    notes += [f"doubt: {other.name} might be meant as well" for other in known[1:]]
    return Guessed(words, notes)


def _doubts(stamp: Found, indexes: Sequence[Index], relation: Relation) -> Iterator[str]:
    index = next((i.name for i in indexes if i.orders and i.columns[0] == stamp.name), None)
    if relation.kind in "rpm" and not index:
        yield f"no index begins with {stamp.name}: each load reads the whole table to find what changed"
    if relation.kind in "rp" and not relation.has_update_trigger:
        yield f"no trigger sets {stamp.name}: every writer must"
    if stamp.type == "date":
        yield f"{stamp.name} is a day: rows of the last day are read again with each load"


def _made(stamps: Sequence[Found]) -> str:
    """Mention stamps of the creation: they serve where rows are never changed."""
    made = [stamp.name for stamp in stamps if {"created", "inserted", "creation"} & {*words_of(stamp.name)}]
    return f"; {made[0]} would do if rows are only ever added" if made else ""


def short_type(found: Found) -> str:
    """Return the column's type as sources.yml calls it, if it has a word for it."""
    return SHORT_NAMES.get(found.type, found.type)
