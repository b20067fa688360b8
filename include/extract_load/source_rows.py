"""Which rows of a source's table are read, as SQL: the good ones, those to quarantine, those that changed.

What the platform made itself has its rules as constraints, so its rows are not checked again.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composable, Composed, Identifier, Literal

from include.errors import InputError
from include.extract_load.shape import STAMPS, Found
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
select
    concat(coalesce(key, 'no key'), ' #' || nullif(number, 1)),
    problem[1], problem[2], problem[3], problem[4], row
from (
    select *, row_number() over (partition by coalesce(key, 'no key') order by row) as number
    from (
        select {key} as key, {problem} as problem, row_to_json(source.*)::text as row
        from {rows} as source
        where {changed}
    ) as judged
    where problem is not null
) as rejected
"""
REPEATED = "select {key} from {rows} group by 1 having count(*) > 1 order by 1 limit {limit}"
SHOWN_KEYS = 5


@dataclass(frozen=True)
class SourceRows:
    """The rows of a table as they are loaded: `table` has all columns to load, `stamp` is its watermark.

    `checks` is false where the source itself keeps the rules, `has_unique_key` true where it keeps the key.
    """

    table: PostgresTable
    stamp: Found | None
    checks: bool
    has_unique_key: bool

    @property
    def relation(self) -> Identifier:
        return Identifier(self.table.schema, self.table.table)

    @property
    def good(self) -> Composable:
        """The `from` item for the rows that can be loaded: typed as in raw, with a key by hash if needed."""
        rows = self._typed(SQL("({}) is null").format(self._problem) if self._problem else SQL("true"))
        return SQL("{} as source").format(rows if self.table.key else self._hashed(rows))

    @property
    def stamped_at(self) -> Composable:
        """The expression for the moment of a row's last change."""
        if self.stamp is None:
            return SQL("null::timestamptz")
        return SQL(STAMPS[self.stamp.type]).format(column=Identifier(self.stamp.name), zone=self._zone)

    def changed_since(self, moment: datetime | None, *, undated: bool = True) -> Composable:
        """Return the condition for rows stamped from the moment on (None: all), or without a stamp.

        A clock without a zone goes back once a year: after 02:50 in summer comes 02:10 in winter. So an hour
        more is read.
        """
        if moment is None or self.stamp is None:
            return SQL("true")
        # The column stands alone, so that its index serves.
        name, since = Identifier(self.stamp.name), SQL("{}::timestamptz").format(Literal(moment))
        if self.stamp.type != "timestamp with time zone":
            since = SQL("(({} - interval '1 hour') at time zone {})").format(since, self._zone)
        if self.stamp.type == "date":
            since = SQL("{}::date").format(since)
        changed = SQL("{} >= {}").format(name, since)
        if self.stamp.is_required or not undated:
            return changed
        return SQL("({} or {} is null)").format(changed, name)

    def narrowed(self, columns: set[str]) -> "SourceRows":
        """Return the same rows with fewer columns to load, where no hash is made of all."""
        if not self.table.key:
            return self
        # Those with rules stay, or rows that break them would count as good.
        kept = tuple(column for column in self.table.columns if column.name in columns or column.has_rules)
        return replace(self, table=replace(self.table, columns=kept))

    def rejected(self, reader: Cursor, read_from: datetime | None, *, undated: bool = True) -> list[Rejected]:
        """Return the changed rows that break a rule, as JSON; their position is the key."""
        if not (problem := self._problem):
            return []
        types = {column.name: column.type for column in self.table.columns}
        key = key_text(self.table.key, types) if self.table.key else SQL("md5((source.*)::text)")
        query = SQL(REJECTED).format(
            key=SQL("{}::text").format(key),
            problem=problem,
            rows=self._as_they_come,
            changed=self.changed_since(read_from, undated=undated),
        )
        reader.execute(query)
        return [Rejected(*row[:5], row=row[5]) for row in reader.fetchall()]

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
    def _columns(self) -> dict[str, Composable]:
        """The columns that are read and no others: a reader may not see all, nor want to."""
        typed = SQL("source.{0}::{1} as {0}")
        columns: dict[str, Composable] = {
            column.name: typed.format(Identifier(column.name), SQL(column.type))
            for column in self.table.columns
        }
        if self.stamp:
            # As it is, so that its index serves.
            columns[self.stamp.name] = SQL("source.{}").format(Identifier(self.stamp.name))
        return columns

    @property
    def _as_they_come(self) -> Composed:
        """The rows with the columns that are read, of the source's own types."""
        columns = SQL(", ").join(SQL("source.{}").format(Identifier(name)) for name in self._columns)
        return SQL(SELECTED).format(columns=columns, relation=self.relation, condition=SQL("true"))

    def _typed(self, condition: Composable) -> Composed:
        """Return the rows of the table for which the condition holds, with the warehouse's types.

        Binary COPY does not convert, and keys are compared as texts.
        """
        columns = SQL(", ").join(self._columns.values())
        return SQL(SELECTED).format(columns=columns, relation=self.relation, condition=condition)

    def _hashed(self, rows: Composable) -> Composed:
        """Return the rows with the hash of what they say, in whatever order the columns are declared."""
        said = sorted(column.name for column in self.table.columns)
        return SQL(HASHED).format(
            row=SQL("row({})").format(SQL(", ").join(map(Identifier, said))),
            columns=SQL(", ").join(map(Identifier, self._columns)),
            rows=rows,
        )

    @property
    def _problem(self) -> Composed | None:
        return first_problem(self._ruled, self.table.key) if self.checks else None

    @property
    def _ruled(self) -> list[Column]:
        return [column for column in self.table.columns if column.has_rules]

    @property
    def _zone(self) -> Literal:
        return Literal(self.table.time_zone)
