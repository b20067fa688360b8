"""Read sources.yml: entries -> specs, or an InputError that names line, entry and way out.

The JSON schema says which words there are; what it cannot say is checked here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.declared_columns import fault_of_bounds, fault_of_name, with_key_lengths, words_of
from include.specs import (
    FRESHNESS,
    KEPT_AS_TEXT,
    LONGEST_KEY,
    PLAYED_STAMPS,
    SEED_NAMES,
    Array,
    Column,
    DocumentKind,
    MongoCollection,
    PostgresTable,
    RawTable,
)
from include.yaml_lines import YamlFile

FOLDER = Path(__file__).parent
FILE, SCHEMA = FOLDER / "sources.yml", FOLDER / "sources.schema.json"
# What a spec takes from an entry as it stands there.
COMMON = ("server", "description", "freshness", "deletes", "file", "watermark")
KEYS = {"text", "smallint", "integer", "bigint", "uuid", "numeric", "date", "timestamp", "timestamptz"}
DOCUMENT_KEYS = {"text", "bigint", "integer", "uuid", "objectid", "extended_json"}
# Where what is seeded is, and the word for its name there.
DEFAULT_SERVERS = {"postgres": ("source_postgres", "table"), "mongo": ("source_mongo", "collection")}
# Farther back than any source begins, and still a date of Python.
LONGEST_OVERLAP = timedelta(days=36500)

Place = tuple[str, ...]


def read_sources(path: Path = FILE) -> tuple[PostgresTable | MongoCollection, ...]:
    """Return the specs of the file's entries, tables first. Raises InputError for what cannot be meant."""
    file = YamlFile(path, SCHEMA)
    tables = [_Entry(file, ("postgres", name), entry) for name, entry in _entries(file, "postgres")]
    collections = [_Entry(file, ("mongo", name), entry) for name, entry in _entries(file, "mongo")]
    found = [*(entry.table() for entry in tables), *(entry.collection() for entry in collections)]
    _refuse_shared_names(file, found)
    return tuple(found)


def _entries(file: YamlFile, engine: str) -> Iterator[tuple[str, dict]]:
    yield from (file.content.get(engine) or {}).items()


@dataclass(frozen=True)
class _Entry:
    """An entry of the file, and where it stands."""

    file: YamlFile
    place: Place
    entry: Mapping

    def table(self) -> PostgresTable:
        """Return the entry as a table."""
        entry = self.entry
        key = entry.get("key", ())
        key = (key,) if isinstance(key, str) else tuple(key)
        columns = self._columns((), entry.get("columns") or {}, key)
        self._check_key(key, columns)
        if not key and entry.get("strategy") == "incremental":
            raise self._error(("strategy",), "a table without a key is read whole: full_refresh")
        if clash := {*entry.get("leave", ())} & {*key, entry.get("watermark"), *(c.name for c in columns)}:
            raise self._error(("leave",), f"{min(clash)} is declared: it is read, or it is left")
        if "file" in entry:
            self._check_played(key, columns)
        self._check_zone()
        same = {name: entry[name] for name in ("schema", "table", "raw", "time_zone") if name in entry}
        return PostgresTable(
            name=self.place[-1],
            key=key,
            columns=columns,
            leave=frozenset(entry.get("leave", ())),
            follows=entry.get("others", "follow") == "follow",
            **same,
            **self._common(is_whole=not key),
        )

    def collection(self) -> MongoCollection:
        """Return the entry as a collection."""
        entry, name = self.entry, self.place[-1]
        self._check_kinds()
        if "kinds" in entry:
            kinds = [self._kind(("kinds", kind), kind, shape) for kind, shape in entry["kinds"].items()]
        else:
            kinds = [self._kind((), name, entry)]
        if len({kind.tag for kind in kinds}) < len(kinds):
            raise self._error(("kinds",), "two kinds have the same tag")
        if any(one.columns[0] != other.columns[0] for one, other in pairwise(kinds)):
            raise self._error(("kinds",), f"the key, {entry['key']}, must have one type in all kinds")
        same = {word: entry[word] for word in ("collection", "discriminator") if word in entry}
        return MongoCollection(name=name, key=entry["key"], kinds=tuple(kinds), **same, **self._common())

    def _kind(self, place: Place, name: str, shape: Mapping) -> DocumentKind:
        key = self.entry["key"]
        columns = self._columns(place, shape["columns"], (key,))
        self._check_key_length(place, columns, (key,))
        if columns[0].name != key or columns[0].path:
            raise self._error((*place, "columns"), f"the first column must be the key, {key}, without a path")
        if (columns[0].bson or columns[0].type) not in DOCUMENT_KEYS:
            raise self._error((*place, "columns", key), f"a key is one of {', '.join(sorted(DOCUMENT_KEYS))}")
        arrays = tuple(
            self._array((*place, "arrays", field), field, columns[0], array)
            for field, array in (shape.get("arrays") or {}).items()
        )
        raw, tag = shape.get("raw", f"mongo_{name}"), shape.get("tag")
        return DocumentKind(name, raw, tag, columns, arrays, **self._described(shape))

    def _array(self, place: Place, field: str, key: Column, array: Mapping) -> Array:
        if "element" in array:
            element = dict(array["element"])
            elements = (self._column((*place, "element"), element.pop("name"), {**element, "path": ""}),)
        else:
            elements = self._columns(place, array["columns"], ())
        position = array.get("position", "position")
        if fault := fault_of_name(position):
            raise self._error((*place, "position"), fault)
        if {key.name, position} & {column.name for column in elements} or key.name == position:
            raise self._error(place, f"{key.name} and {position} are columns of every element's row already")
        return Array(field, array["raw"], key, position, elements, **self._described(array))

    def _described(self, part: Mapping) -> dict[str, str]:
        """Return what dbt is told of a kind or an array, which is as fresh as its collection."""
        freshness = self.entry.get("freshness", FRESHNESS)
        return {"description": part.get("description", ""), "freshness": part.get("freshness", freshness)}

    def _columns(self, place: Place, columns: Mapping, key: tuple[str, ...]) -> tuple[Column, ...]:
        columns = {name: words_of(column) for name, column in columns.items()}
        return tuple(
            self._column((*place, "columns", name), name, column, is_key=name in key)
            for name, column in with_key_lengths(columns, key).items()
        )

    def _column(self, place: Place, name: str, column: Mapping, *, is_key: bool = False) -> Column:
        words = dict(column)
        if fault := fault_of_name(name) or fault_of_bounds(**words):
            raise self._error(place, fault)
        bson = words["type"] if words["type"] in KEPT_AS_TEXT else None
        words |= {"required": words.get("required", False) or is_key, "bson": bson}
        type_ = words.pop("type")
        return Column(name, "text" if bson else type_, **words)

    def _check_key(self, key: tuple[str, ...], columns: tuple[Column, ...]) -> None:
        types = {column.name: column.type for column in columns}
        for name in key:
            if name not in types:
                raise self._error(("key",), f"{name} has no type: declare it under columns")
            if types[name] not in KEYS:
                raise self._error(("columns", name), f"a key is one of {', '.join(sorted(KEYS))}")
        self._check_key_length((), columns, key)

    def _check_key_length(self, place: Place, columns: tuple[Column, ...], key: tuple[str, ...]) -> None:
        """Refuse a key whose texts together an index could not take."""
        longest = sum(column.max_bytes or 0 for column in columns if column.name in key)
        if longest > LONGEST_KEY:
            raise self._error(
                (*place, "columns", key[0]), f"the texts of a key have at most {LONGEST_KEY} bytes together"
            )

    def _check_kinds(self) -> None:
        """Refuse the words of a collection of one kind where there are several, and the other way round."""
        apart = ("arrays", "raw") if "kinds" in self.entry else ("discriminator",)
        for word in apart:
            if word in self.entry:
                where = "with kinds it belongs to each kind" if "kinds" in self.entry else "it needs kinds"
                raise self._error((word,), where)

    def _check_zone(self) -> None:
        zone = self.entry.get("time_zone", "UTC")
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self._error(
                ("time_zone",), f"{zone} is no time zone, such as UTC or Europe/Berlin"
            ) from None

    def _check_played(self, key: tuple[str, ...], columns: tuple[Column, ...]) -> None:
        """Refuse what the platform cannot make when it plays the product."""
        names = {column.name: column.type for column in columns}
        if len(key) != 1 or names[key[0]] != "text" or self.entry.get("schema", "public") != "public":
            raise self._error(
                ("file",), "a seeded table is in the schema public, and has one text column as key"
            )
        if clash := SEED_NAMES & names.keys():
            raise self._error(("columns", min(clash)), "this name is the seed's own")
        if self.entry.get("watermark") not in (None, "updated_at") or "updated_at" in names:
            raise self._error(("watermark",), f"the platform sets {' and '.join(PLAYED_STAMPS)} itself")

    def _common(self, *, is_whole: bool = False) -> dict[str, object]:
        """Return what tables and collections have in common."""
        entry = self.entry
        words = {"watermark": None} | {name: entry[name] for name in COMMON if name in entry}
        if "file" in entry:
            self._check_place()
        default = "incremental" if words["watermark"] and not is_whole else "full_refresh"
        words["strategy"] = entry.get("strategy", default)
        if words["strategy"] == "incremental" and not words["watermark"]:
            raise self._error(("strategy",), "an incremental load needs a watermark")
        if "overlap" in entry:
            words["overlap"] = self._overlap(*entry["overlap"].split())
        return words

    def _check_place(self) -> None:
        """Refuse to seed anything but the entry's own name on the default server."""
        server, noun = DEFAULT_SERVERS[self.place[0]]
        if self.entry.get("server", server) != server:
            raise self._error(("server",), f"what is seeded is on {server}")
        if self.entry.get(noun, self.place[-1]) != self.place[-1]:
            raise self._error((noun,), "what is seeded has the name of its entry")

    def _overlap(self, number: str, unit: str) -> timedelta:
        try:
            overlap = timedelta(**{f"{unit.rstrip('s')}s": int(number)})
        except OverflowError:
            overlap = timedelta.max
        if overlap > LONGEST_OVERLAP:
            raise self._error(("overlap",), f"at most {LONGEST_OVERLAP.days} days; else declare full_refresh")
        return overlap

    def _error(self, place: Place, problem: str) -> Exception:
        return self.file.error((*self.place, *place), problem)


def _refuse_shared_names(file: YamlFile, found: list[PostgresTable | MongoCollection]) -> None:
    """Raise InputError when two entries have one name, or fill one raw table.

    Only equal arrays of one collection may: the loads of two would delete each other's rows.
    """
    names: set[str] = set()
    raw: dict[str, tuple] = {}
    for source in found:
        place = ("postgres" if isinstance(source, PostgresTable) else "mongo", source.name)
        if source.name in names:
            raise file.error(place, "two entries have this name")
        names.add(source.name)
        for table in _filled(source):
            if raw.setdefault(table.raw, (source.name, table)) != (source.name, table):
                raise file.error(
                    place, f"another entry fills raw.{table.raw}: give this one a raw of its own"
                )
        # Its loads are recorded under this name.
        if raw.setdefault(source.raw, (source.name, source))[0] != source.name:
            raise file.error(place, f"the loads of another entry are recorded as {source.raw}: rename one")


def _filled(source: PostgresTable | MongoCollection) -> list[RawTable]:
    """Return the raw tables that a source fills; an array that two kinds declare comes twice."""
    if isinstance(source, PostgresTable):
        return [source]
    return [*source.kinds, *(array for kind in source.kinds for array in kind.arrays)]
