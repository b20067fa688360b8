"""Propose entries for the collections and views of a MongoDB database, by reading each of them whole.

Memory does not grow with the collection. A collection of several kinds is read twice: once to find the field
that tells them apart, and once to see which fields each kind has.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.discover.document_guesses import KEYS, Guesses, key_type
from include.discover.fields import Scan
from include.discover.kinds import find_discriminator
from include.discover.names import Names, is_stamp_name
from include.discover.proposal import Entry, Guess, Proposal, Shape, counted
from include.errors import InputError
from include.rules.stored_documents import read_batch
from include.schema.played import MARKS, SEED_STATE
from include.specs import MongoCollection, PostgresTable

DEFAULT_SERVER = MongoCollection.server
SECONDS_BETWEEN_WORDS = 5
WHAT = {"collection": "a collection", "view": "a view", "timeseries": "a time series"}
Say = Callable[[str], None]


def discover_collections(
    source: Database, server: str, declared: Sequence[PostgresTable | MongoCollection], say: Say
) -> Proposal:
    """Return entries for everything in the database that the reader may read; `say` is told the progress."""
    own = [entry for entry in declared if isinstance(entry, MongoCollection) and entry.server == server]
    discovery = _Discovery(source, server, Names(declared), own, say)
    found = [discovery.entry(*place) for place in _collections(source)]
    entries = tuple(entry for entry in found if isinstance(entry, Entry))
    return Proposal("mongo", entries, tuple(other for other in found if isinstance(other, str)))


def _collections(source: Database) -> list[tuple[str, str]]:
    """Return names and types of what is there, but for the server's own and the platform's own.

    Raises InputError when the reader may not ask.
    """
    try:
        found = {each["name"]: each.get("type", "collection") for each in source.list_collections()}
    except OperationFailure as error:
        raise InputError(
            f"The collections of {source.name} cannot be listed: {_words_of(error)}. An administrator lets"
            f" the reader: db.grantRolesToUser('<its name>', [{{role: 'read', db: '{source.name}'}}])"
        ) from None
    besides = {MARKS, SEED_STATE} if MARKS in found else set()
    return sorted((n, t) for n, t in found.items() if not n.startswith("system.") and n not in besides)


@dataclass(frozen=True)
class _Discovery:
    """What is known before a collection is looked at."""

    source: Database
    server: str
    names: Names
    declared: Sequence[MongoCollection]
    say: Say

    def entry(self, name: str, kind: str) -> Entry | str:
        """Return the proposed entry, or a sentence that says why there is none."""
        same = [entry for entry in self.declared if entry.collection == name]
        try:
            if fitting := [entry for entry in same if self._fits(entry)]:
                return f"{name}, which is declared already as {fitting[0].name}"
            return self._proposed(name, kind, same)
        except OperationFailure as error:
            return f"{name}, which cannot be read: {_words_of(error)}"

    def _fits(self, entry: MongoCollection) -> bool:
        """Tell whether the collection has documents with the declared key, or none at all."""
        collection = self.source[entry.collection]
        # Counted, not read: a document that cannot be decoded is one, too.
        has_key = collection.count_documents({entry.key: {"$exists": True}}, limit=1)
        return bool(has_key or not collection.count_documents({}, limit=1))

    def _proposed(self, name: str, kind: str, same: Sequence[MongoCollection]) -> Entry | str:
        scan = Scan()
        size = self._read(name, kind, lambda document: scan)
        if not scan.documents:
            return f"{name}, {WHAT.get(kind, kind)} without a document: nothing says what will be in it"
        key = scan.root.fields.get("_id")
        if not key or key.values < scan.documents:
            return f"{name}, {WHAT.get(kind, kind)} whose documents do not all have an _id"
        entry = self.names.entry("mongo", name, self.source.name)
        notes = [f"{name}, {WHAT.get(kind, kind)}: {counted(scan.documents, 'document')}, {_in_words(size)}"]
        words = {} if self.server == DEFAULT_SERVER else {"server": self.server}
        words |= ({} if entry == name else {"collection": name}) | {"key": "_id"}
        stamp, of_stamp = self._watermark(name, kind, scan)
        words |= {"watermark": stamp} if stamp else {}
        notes += [*_about_key(scan, kind), *of_stamp, *_doubts(scan)]
        notes += [
            f"doubt: the entry {each.name} of sources.yml does not fit this collection" for each in same
        ]
        return self._of_kinds(name, kind, scan, Entry(entry, Shape(words, notes=tuple(notes))))

    def _of_kinds(self, name: str, kind: str, scan: Scan, entry: Entry) -> Entry:
        """Return the entry with its columns, or with kinds that have them."""
        tag, others = find_discriminator(scan, name)
        words, notes = dict(entry.shape.words), list(entry.shape.notes)
        notes += [f"doubt: with {other} come different fields as well" for other in others]
        besides = frozenset({"_id", words.get("watermark"), tag})
        key = Guess("_id", key_type(scan.root.fields["_id"]))
        if not tag:
            shape = Shape(words, (key,), notes=tuple(notes))
            return Entry(entry.name, self._filled(shape, entry.name, scan, besides))
        notes.append(
            f"doubt: {tag} tells kinds apart, by the fields beside it: another value goes to quarantine"
        )
        scans = {text: Scan() for text in scan.tags[tag]}
        self._read(name, kind, lambda document: scans.get(str(document.get(tag))))
        kinds = {}
        for text, found in scans.items():
            if found.documents:
                own = self.names.kind(entry.name, text)
                shape = Shape({"tag": text}, (key,), notes=(counted(found.documents, "document"),))
                kinds[own] = self._filled(shape, own, found, besides)
        return Entry(entry.name, Shape(words | {"discriminator": tag}, notes=tuple(notes)), kinds)

    def _filled(self, shape: Shape, owner: str, scan: Scan, besides: frozenset[str]) -> Shape:
        """Return the shape with columns and arrays for the fields that were seen."""
        guesses = Guesses(owner, self.names, scan.documents)
        guesses.add_fields(scan.root, besides=besides)
        return Shape(
            shape.words,
            (*shape.columns, *guesses.columns),
            tuple(guesses.arrays),
            (*shape.notes, *guesses.notes),
        )

    def _read(self, name: str, kind: str, scan_for: Callable[[Mapping], Scan | None]) -> int:
        """Add every document to its scan, if it can be loaded; return how many bytes they were."""
        collection: Collection = self.source[name]
        total = f" of about {collection.estimated_document_count():,}" if kind == "collection" else ""
        size = count = 0
        said = time.monotonic()
        for batch in collection.find_raw_batches():
            size += len(batch)
            for stored in read_batch(batch):
                count += 1
                if (scan := scan_for(stored.document)) and stored.fault:
                    scan.with_fault += 1
                elif scan:
                    scan.add(stored.document)
            if time.monotonic() - said > SECONDS_BETWEEN_WORDS:
                said = time.monotonic()
                self.say(f"{name}: {count:,}{total} documents read")
        return size

    def _watermark(self, name: str, kind: str, scan: Scan) -> tuple[str | None, list[str]]:
        """Return the date that every document has and whose name says that it is the last change's."""
        fields = scan.root.fields
        named = [name for name, found in fields.items() if is_stamp_name(name) and found.types["date"]]
        sure = [name for name in named if fields[name].types == {"date": scan.documents}]
        notes = [_partial(name, scan) for name in named if name not in sure]
        if not sure:
            return None, [*notes, "doubt: no date says by its name, in every document, when it changed"]
        stamp = sure[0]
        notes.insert(0, f"watermark: {stamp}, a date in every document, by its name")
        notes.append(f"doubt: every writer must set {stamp}: the server does not")
        if kind == "collection" and not self._is_indexed(name, stamp):
            notes.append(f"doubt: no index begins with {stamp}: each load reads the whole collection")
        return stamp, notes + [f"doubt: {other} might be meant as well" for other in sure[1:]]

    def _is_indexed(self, name: str, stamp: str) -> bool:
        indexes = self.source[name].list_indexes()
        return any(next(iter(index["key"])) == stamp and not _is_partial(index) for index in indexes)


def _words_of(error: OperationFailure) -> str:
    """Return what the server said, without the rest of its answer."""
    return str((error.details or {}).get("errmsg", error))


def _is_partial(index: Mapping) -> bool:
    return bool(index.get("partialFilterExpression") or index.get("sparse"))


def _partial(name: str, scan: Scan) -> str:
    found = scan.root.fields[name].types
    counts = ", ".join(f"{count:,} {kind}" for kind, count in found.most_common())
    missing = scan.documents - found.total()
    return f"doubt: {name} is no watermark as it is ({counts}, {missing:,} without)"


def _about_key(scan: Scan, kind: str) -> Iterator[str]:
    types = scan.root.fields["_id"].types
    yield f"key: _id ({', '.join(types)})"
    if key_type(scan.root.fields["_id"]) not in KEYS:
        yield "doubt: such keys are kept as extended JSON"
    if kind != "collection":
        yield "doubt: nothing holds _id unique here: the load stops when two documents share one"


def _doubts(scan: Scan) -> Iterator[str]:
    if scan.with_nul:
        yield f"doubt: {counted(scan.with_nul, 'document')} with the character NUL will go to quarantine"
    if scan.with_fault:
        what = "that cannot be decoded, or not without a loss, will go to quarantine"
        yield f"doubt: {counted(scan.with_fault, 'document')} {what}"
    if scan.root.is_open:
        yield "doubt: very many fields: those that no column takes are only in _document"


def _in_words(size: int) -> str:
    """Return a size in bytes as people say it: 9,999 bytes, 10 kB."""
    units = ["bytes", "kB", "MB", "GB"]
    while size >= 10_000 and len(units) > 1:
        size //= 1024
        units.pop(0)
    return f"{size:,} {units[0]}"
