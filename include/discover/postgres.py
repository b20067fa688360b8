"""Propose entries for the tables, views and the like of a PostgreSQL server, from its catalogue.

A table that is declared already is proposed again only where it does not fit its declaration.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from include.declarations import SCHEMA
from include.discover.catalogue import Relation, columns_of_relation, indexes_of, relations_of
from include.discover.names import Names, is_personal_name
from include.discover.proposal import Entry, Guess, Proposal, Shape, counted
from include.discover.table_guesses import find_key, find_watermark, short_type
from include.extract_load.shape import Found
from include.schema.played import SEED_STATE
from include.specs import MongoCollection, PostgresTable
from include.transaction import transaction

TYPES = set(json.loads(SCHEMA.read_text(encoding="utf-8"))["$defs"]["postgres_type"]["enum"])
# What the platform remembers in a source that it plays.
SEED_STATE_COLUMNS = {"table_name", "dataset", "as_of"}
DEFAULT_SERVER = PostgresTable.server


def discover_tables(
    source: Connection, server: str, declared: Sequence[PostgresTable | MongoCollection]
) -> Proposal:
    """Return entries for everything that the reader may read outside of the system's schemas."""
    own = [entry for entry in declared if isinstance(entry, PostgresTable) and entry.server == server]
    entries, others, discovery = [], [], _Discovery(server, Names(declared), own)
    with transaction(source) as cursor:
        relations = relations_of(cursor)
        for relation in relations:
            if not relation.is_readable:
                continue
            columns = columns_of_relation(cursor, relation)
            if relation.name == SEED_STATE and columns.keys() == SEED_STATE_COLUMNS:
                continue
            if name := discovery.fitting(relation, columns):
                others.append(f"{relation.quoted}, which is declared already as {name}")
            else:
                entries.append(discovery.entry(cursor, relation, columns))
        others += _grants(cursor, [relation for relation in relations if not relation.is_readable])
    return Proposal("postgres", tuple(entries), tuple(others))


@dataclass(frozen=True)
class _Discovery:
    """What is known before a table is looked at: its server, names that are taken, declared tables."""

    server: str
    names: Names
    declared: Sequence[PostgresTable]

    def fitting(self, relation: Relation, columns: Mapping[str, Found]) -> str | None:
        """Return the name of the entry that declares the table as it is."""
        return next((entry.name for entry in self._same(relation) if _fits(entry, columns)), None)

    def entry(self, cursor: Cursor, relation: Relation, columns: Mapping[str, Found]) -> Entry:
        """Return the proposed entry."""
        indexes = indexes_of(cursor, relation)
        key = find_key(relation, columns, indexes)
        stamp = find_watermark(columns, indexes, relation)
        # Without a key all is read in any case; the stamp is better loaded as a column.
        words = key.words | (stamp.words if key.words else {})
        name = self.names.entry("postgres", relation.name, relation.schema)
        unknown = [found for found in columns.values() if not _is_declared(found)]
        notes = [_what(relation), *key.notes, *(stamp.notes if key.words else _unused(stamp.words))]
        notes += [*_doubts(relation), *_undeclared(unknown, relation)]
        notes += [
            f"doubt: the entry {same.name} of sources.yml does not fit this table"
            for same in self._same(relation)
        ]
        # Its value is kept as the row's stamp.
        besides = {words.get("watermark")} - {*key.columns}
        declared = [found for found in columns.values() if _is_declared(found) and found.name not in besides]
        guesses = tuple(_column(found, relation) for found in declared)
        return Entry(name, Shape(self._place(relation, name) | words, guesses, notes=tuple(notes)))

    def _same(self, relation: Relation) -> list[PostgresTable]:
        place = (relation.schema, relation.name)
        return [entry for entry in self.declared if (entry.schema, entry.table) == place]

    def _place(self, relation: Relation, name: str) -> dict[str, object]:
        """Return the words that say where the table is, and the first line of its comment."""
        words = {} if self.server == DEFAULT_SERVER else {"server": self.server}
        if description := (relation.description or "").strip():
            words["description"] = description.splitlines()[0]
        if relation.schema != "public":
            words["schema"] = relation.schema
        return words | ({} if relation.name == name else {"table": relation.name})


def _fits(entry: PostgresTable, columns: Mapping[str, Found]) -> bool:
    """Tell whether the table has all columns that are declared of it."""
    stamp = {entry.watermark} if entry.watermark else set()
    return {column.name for column in entry.columns} | stamp <= columns.keys()


def _is_declared(found: Found) -> bool:
    """Tell whether sources.yml has a word for the column's type, and the loader may read it."""
    return found.is_loadable and found.name != "_document" and short_type(found) in TYPES


def _column(found: Found, relation: Relation) -> Guess:
    is_personal = _is_personal(found, relation)
    notes = ("doubt: personal by its name",) if is_personal else ()
    return Guess(found.name, short_type(found), personal=is_personal, notes=notes)


def _is_personal(found: Found, relation: Relation) -> bool:
    return found.type != "boolean" and is_personal_name(found.name, relation.name)


def _what(relation: Relation) -> str:
    """Say what the relation is and how large."""
    rows = "never analyzed" if relation.rows is None else f"about {counted(relation.rows, 'row')}"
    size = f": {rows}, {relation.size} with its indexes" if relation.size else ""
    return f"{relation.quoted}, a {relation.kind_name}{size}"


def _unused(stamp: Mapping[str, object]) -> Iterator[str]:
    """Name the watermark of a table without a key, which does not need it."""
    if stamp:
        yield f"with a key, {stamp['watermark']} could be its watermark"


def _doubts(relation: Relation) -> Iterator[str]:
    if relation.parent:
        yield f"doubt: {relation.parent} has its rows too, since it inherits from there"
    if relation.is_row_secured:
        yield "doubt: row security: rows that a policy hides look like deleted ones"


def _undeclared(columns: Sequence[Found], relation: Relation) -> Iterator[str]:
    """Say what becomes of columns for whose type sources.yml has no word, and of those nobody may read."""
    followed = [found for found in columns if found.is_loadable]
    for as_text in (True, False):
        if some := [f"{f.name} ({f.full_type})" for f in followed if (f.carried_as == "text") == as_text]:
            yield f"not declared, they follow {'as text' if as_text else 'as they are'}: {', '.join(some)}"
    if personal := [found.name for found in followed if _is_personal(found, relation)]:
        yield f"doubt: personal by its name, but cannot be marked: {', '.join(personal)}"
    for found in columns:
        if not found.is_readable:
            yield f"not read, for want of a grant on the column: {found.name}"
        elif not found.is_loadable:
            yield f"not read, since the loader cannot take a column of this name: {found.name}"


def _grants(cursor: Cursor, relations: Iterable[Relation]) -> Iterator[str]:
    """Yield for each schema what the reader may not read, and what its owner runs to change that."""
    by_schema: dict[str, list[str]] = {}
    for relation in relations:
        by_schema.setdefault(relation.quoted_schema, []).append(relation.quoted)
    cursor.execute("select quote_ident(current_user)")
    (user,) = cursor.fetchone()
    for schema, names in by_schema.items():
        tables = ", ".join(names)
        grants = f"grant usage on schema {schema} to {user}; grant select on {tables} to {user}"
        yield f"{tables}, which {user} may not read. As the owner: {grants}"
