"""Sort documents into rows of raw tables, and those to set aside. Each is decoded and judged by itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain

from bson import DatetimeMS

from include.extract_load.document_rows import KindRows
from include.extract_load.mongo_keys import by_kind, kind_of
from include.extract_load.plain_documents import PlainKind
from include.extract_load.staged import Staged
from include.rules.document_values import printable, stamp_of, value_at
from include.rules.documents import DocumentRules, bson_type, find_json_problem
from include.rules.reasons import Problem, problem
from include.rules.rejected import Rejected
from include.rules.stored_documents import StoredDocument
from include.specs import DocumentKind, MongoCollection


class Sorter:
    """Makes rows of good documents, and counts and sets aside the others in `staged`.

    `columns` are those of the rows, by raw table: with the names of `stamps`, whose values every row has.
    """

    def __init__(
        self, collection: MongoCollection, staged: Staged, stamps: Mapping[str, str] | None = None
    ) -> None:
        self.collection, self._staged = collection, staged
        self._kinds = {kind.raw: _Kind(collection, kind, stamps or {}) for kind in collection.kinds}
        self.columns = {
            table: columns for kind in self._kinds.values() for table, columns in kind.rows.columns.items()
        }

    def sort(self, documents: Sequence[StoredDocument]) -> dict[str, list[str]]:
        """Return the rows of the good documents, by raw table, as lines of COPY's text format."""
        lines: dict[str, list[str]] = {table: [] for table in self.columns}
        groups = by_kind(documents, self.collection)
        for stored in groups.pop(None, ()):
            self._sort(stored, lines)
        for raw, group in groups.items():
            self._sort_group(self._kinds[raw], group, lines)
        self._staged.read += len(documents)
        self._staged.good_by_table.update({table: len(rows) for table, rows in lines.items()})
        return lines

    def _sort_group(
        self, kind: "_Kind", group: Sequence[StoredDocument], lines: Mapping[str, list[str]]
    ) -> None:
        """Make the rows of a kind's documents together, or, where one is unusual, of each by itself."""
        documents = [stored.document for stored in group]
        rows = kind.plain.rows(documents)
        if rows is None:
            for stored in group:
                self._sort(stored, lines)
            return
        for table, found in rows.items():
            lines[table].extend(found)
        if not kind.known_fields.issuperset(chain.from_iterable(documents)):
            for stored in group:
                self._note_fields(kind, stored)

    def _sort(self, stored: StoredDocument, lines: Mapping[str, list[str]]) -> None:
        document = stored.document
        found = kind_of(document, self.collection)
        kind = self._kinds[found.raw] if found else None
        if kind and not kind.known_fields.issuperset(document):
            self._note_fields(kind, stored)
        broken = stored.fault or self._problem(kind, document)
        text = "" if broken else stored.jsonb
        if broken := broken or find_json_problem(document, text):
            self._set_aside(found.raw if found else self.collection.raw, stored, broken)
        else:
            kind.rows.add(document, text, lines)

    def _problem(self, kind: "_Kind | None", document: dict) -> Problem | None:
        """Return what keeps the document out of raw: its kind, its stamp, or a rule of its columns."""
        if kind is None:
            name = self.collection.discriminator
            return problem("unknown_kind", column=name, value=printable(value_at(name, document)))
        watermark = self.collection.watermark
        stamp = stamp_of(document, watermark)
        if stamp is not None and not isinstance(stamp, datetime):
            rule = "date_range" if isinstance(stamp, DatetimeMS) else "not_a_bson_date"
            return problem(rule, column=watermark, value=printable(stamp))
        return kind.rules.find_broken(document)

    def _note_fields(self, kind: "_Kind", stored: StoredDocument) -> None:
        """Note in which document a field of a type stood first that no column takes."""
        for name in stored.document.keys() - kind.known_fields:
            place = kind.raw, name, bson_type(stored.document[name])
            if place not in self._staged.new_fields:
                self._staged.new_fields[place] = stored.position

    def _set_aside(self, table: str, stored: StoredDocument, broken: Problem) -> None:
        """Keep a rejected document, counted under its kind's table, or under the collection's name."""
        position = self._staged.free_position(stored, self.collection.key)
        self._staged.rejected_by_id[position] = table, Rejected(position, *broken, row=stored.text)
        stamp = stamp_of(stored.document, self.collection.watermark)
        # A date after year 9999 is past every watermark, one before year 1 past none.
        if not isinstance(stamp, datetime) and not (isinstance(stamp, DatetimeMS) and int(stamp) < 0):
            self._staged.undated.add(position)


class _Kind:
    """What is made ready once for all documents of a kind."""

    def __init__(self, collection: MongoCollection, kind: DocumentKind, stamps: Mapping[str, str]) -> None:
        self.raw = kind.raw
        self.rules = DocumentRules(kind)
        self.rows = KindRows(kind, collection.watermark, stamps)
        self.plain = PlainKind(kind, collection.watermark, stamps)
        own = filter(None, (collection.watermark, *collection.managed_fields))
        # What needs no report: declared columns and arrays, and what the platform sets.
        self.known_fields = kind.fields | {path.partition(".")[0] for path in own}
