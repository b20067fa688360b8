"""Which rows of a source's table are read, as SQL: the good ones, those to quarantine, those that changed.

What the platform made itself has its rules as constraints, so its rows are not checked again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.errors import InputError
from include.extract_load.shape import STAMPS, Found
from include.extract_load.unconvertible import Unconvertible
from include.ops.fingerprint import key_text
from include.rules.rejected import Rejected
from include.rules.typed_values import first_problem
from include.specs import Column, PostgresTable

SELECTED = "(select {columns} from {relation} as source where {condition})"
# A row without a key is told from others by what it says, and equal rows by their number.
HASHED = """
(
    select
        md5({row}::text)::uuid as _row_hash,
        (row_number() over (partition by {row}::text))::integer as _row_copy,
        {columns}
    from {rows} as hashed
)
"""
REJECTED = """
select coalesce(judged.key, 'no key'), judged.problem, judged.row
from (
    select {key} as key, {problem} as problem, row_to_json(source.*)::text as row
    from {rows} as source
    where {changed}
) as judged
where judged.problem is not null
order by judged.key collate "C", judged.row collate "C"
"""
# By bytes, as raw tells keys apart, whatever the source's collation takes for equal.
REPEATED = 'select {key} collate "C" from {rows} group by 1 having count(*) > 1 order by 1 limit {limit}'
SHOWN_KEYS = 5


@dataclass(frozen=True)
class SourceRows:
    """The rows of a table as they are loaded: `table` has all columns to load, `stamp` is its watermark.

    `checks` is false where the source itself keeps the rules, `has_unique_key` true where it keeps the key.
    `unconvertible` are the rows with texts that its server cannot send, if there are any. `pages` are the
    first page to read, and the one before which to stop (None: the last).
    """

    table: PostgresTable
    stamp: Found | None
    checks: bool
    has_unique_key: bool
    unconvertible: Unconvertible | None = None
    pages: tuple[int, int | None] | None = None

    @property
    def relation(self) -> Identifier:
        return Identifier(self.table.schema, self.table.table)

    @property
    def good(self) -> Composable:
        """The `from` item for the rows that can be loaded: typed as in raw, with a key by hash if needed."""
        rows = self._typed(self._keeps_rules)
        return SQL("{} as source").format(rows if self.table.key else self._hashed(rows))

    @property
    def good_as_stored(self) -> Composed:
        """The same rows as the table has them: with the server's own columns, and not yet typed."""
        return SQL("{} as source where {}").format(self.relation, self._among(self._keeps_rules))

    @property
    def key(self) -> Composable:
        """The key as one expression over the rows as they are stored."""
        types = {column.name: column.type for column in self.table.columns}
        return key_text(self.table.key, types)

    @property
    def stamped_at(self) -> Composable:
        """The expression for the moment of a row's last change."""
        if self.stamp is None:
            return SQL("null::timestamptz")
        return SQL(STAMPS[self.stamp.type]).format(column=self._stamp, zone=self._zone)

    def changed_since(self, moment: datetime | None, *, undated: bool = True) -> Composable:
        """Return the condition for rows stamped from the moment on (None: all), or without a stamp.

        A clock without a zone goes back once a year: after 02:50 in summer comes 02:10 in winter. So an hour
        more is read.
        """
        if moment is None or self.stamp is None:
            return SQL("true")
        # The column stands alone, so that its index serves.
        name, since = self._stamp, SQL("{}::timestamptz").format(Literal(moment))
        if self.stamp.type != "timestamp with time zone":
            since = SQL("(({} - interval '1 hour') at time zone {})").format(since, self._zone)
        if self.stamp.type == "date":
            since = SQL("{}::date").format(since)
        changed = SQL("{} >= {}").format(name, since)
        if self.stamp.is_required or not undated:
            return changed
        return SQL("({} or {} is null)").format(changed, name)

    def rejected(self, reader: Cursor, read_from: datetime | None, *, undated: bool = True) -> list[Rejected]:
        """Return the changed rows that break a rule or cannot be sent, as JSON; their position is the key."""
        changed = self.changed_since(read_from, undated=undated)
        found = [*self._broken(reader, changed), *self._not_sendable(reader, changed)]
        places = _places(key for key, _, _ in found)
        return [
            Rejected(place, *problem, row=row) for place, (_, problem, row) in zip(places, found, strict=True)
        ]

    def _broken(self, reader: Cursor, changed: Composable) -> Iterator[tuple[str, Sequence[str], str]]:
        """Yield key, problem and JSON of each changed row that breaks a rule."""
        if problem := self._problem:
            rows = self._as_they_come(self._sendable)
            key = SQL("{}::text").format(self._shown_key)
            reader.execute(SQL(REJECTED).format(key=key, problem=problem, rows=rows, changed=changed))
            yield from reader.fetchall()

    def _not_sendable(self, reader: Cursor, changed: Composable) -> Iterator[tuple[str, Sequence[str], str]]:
        """Yield the same of each changed row that cannot be converted."""
        if self.unconvertible:
            rows = self._as_they_come(SQL("true"))
            yield from self.unconvertible.rows(reader, self._shown_key, rows, changed)

    def count_dated(self, reader: Cursor, read_from: datetime | None) -> int:
        """Count the rows that changed since the moment, good or not, but for those without a stamp."""
        query = SQL("select count(*) from {} as source where {}")
        reader.execute(query.format(self.relation, self.changed_since(read_from, undated=False)))
        return reader.fetchone()[0]

    def refuse_repeated_keys(self, reader: Cursor) -> None:
        """Raise InputError when rows share a key, which only a unique index of the source rules out."""
        if self.has_unique_key or not self.table.key:
            return
        query = SQL(REPEATED).format(
            key=SQL("{}::text").format(key_text(self.table.key)), rows=self.good, limit=Literal(SHOWN_KEYS)
        )
        reader.execute(query)
        if keys := [key for (key,) in reader.fetchall()]:
            name, columns = f"{self.table.schema}.{self.table.table}", ", ".join(self.table.key)
            raise InputError(
                f"{self.table.name}: rows of {name} share a key ({columns}): {', '.join(keys)}. Declare in"
                " include/sources.yml the columns that tell them apart, or no key. Nothing was loaded"
            )

    @property
    def _stamp(self) -> Composed:
        """The column of the stamp; every row of the source is a row of `source`."""
        return SQL("source.{}").format(Identifier(self.stamp.name))

    @property
    def _columns(self) -> dict[str, Composable]:
        """The columns that are read and no others: a reader may not see all, nor want to."""
        typed = SQL("source.{0}::{1} as {0}")
        columns: dict[str, Composable] = {
            column.name: typed.format(Identifier(column.name), SQL(column.type))
            for column in self.table.columns
        }
        if self.stamp:
            # As it is, so that its index serves.
            columns[self.stamp.name] = self._stamp
        return columns

    @property
    def _shown_key(self) -> Composable:
        """The expression by which people find a row, over the rows as they come."""
        return self.key if self.table.key else SQL("md5((source.*)::text)")

    @property
    def _sendable(self) -> Composable:
        """The condition for rows whose texts the server can convert."""
        return self.unconvertible.is_none_of if self.unconvertible else SQL("true")

    def _as_they_come(self, condition: Composable) -> Composed:
        """Return the rows for which the condition holds with the columns that are read, typed as there."""
        columns = SQL(", ").join(SQL("source.{}").format(Identifier(name)) for name in self._columns)
        return SQL(SELECTED).format(columns=columns, relation=self.relation, condition=condition)

    def _typed(self, condition: Composable) -> Composed:
        """Return the rows of the table for which the condition holds, with the warehouse's types.

        Binary COPY does not convert, and keys are compared as texts.
        """
        columns = SQL(", ").join(self._columns.values())
        return SQL(SELECTED).format(columns=columns, relation=self.relation, condition=self._among(condition))

    def _among(self, condition: Composable) -> Composable:
        """Return the condition for those rows that can be sent, and are in the pages to read."""
        if self.unconvertible:
            condition = SQL("{} and ({})").format(self._sendable, condition)
        if self.pages:
            first, end = self.pages
            condition = SQL("source.ctid >= {}::tid and ({})").format(_place(first), condition)
            if end is not None:
                condition = SQL("source.ctid < {}::tid and {}").format(_place(end), condition)
        return condition

    def _hashed(self, rows: Composable) -> Composed:
        """Return the rows with the hash of what they say, in whatever order the columns are declared."""
        said = sorted(column.name for column in self.table.columns)
        return SQL(HASHED).format(
            row=SQL("row({})").format(_hashed_columns(said)),
            columns=_hashed_columns(self._columns),
            rows=rows,
        )

    @property
    def _keeps_rules(self) -> Composable:
        return SQL("({}) is null").format(self._problem) if self._problem else SQL("true")

    @property
    def _problem(self) -> Composed | None:
        return first_problem(self._ruled, self.table.key) if self.checks else None

    @property
    def _ruled(self) -> list[Column]:
        return [column for column in self.table.columns if column.has_rules]

    @property
    def _zone(self) -> Literal:
        return Literal(self.table.time_zone)


def _place(page: int) -> Literal:
    """Return the place before the first row of the page."""
    return Literal(f"({page},0)")


def _places(keys: Iterable[str]) -> Iterator[str]:
    """Yield the keys, each once: of equal ones the second is `a #2`, unless a row has that for its key."""
    taken: set[str] = set()
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(2))
    for key in keys:
        place = key
        while place in taken:
            place = f"{key} #{next(numbers[key])}"
        taken.add(place)
        yield place


def _hashed_columns(names: Iterable[str]) -> Composed:
    return SQL(", ").join(SQL("hashed.{}").format(Identifier(name)) for name in names)
