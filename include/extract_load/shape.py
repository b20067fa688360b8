"""The columns of a table on three sides: declared in tables.py, present in its source, present in raw.

Used by drift.py, which decides what a load does about a difference.
"""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Identifier

from include.tables import META_COLUMNS, Column, PostgresTable

# Types that binary COPY carries unchanged, and whose values are equal only if they look equal. Values of any
# other type are loaded as text.
CARRIED = {"boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "text", "uuid"}
CARRIED |= {"date", "timestamp with time zone", "timestamp without time zone", "time without time zone"}
CARRIED |= {"jsonb", "bytea"}
# Type in raw -> other types whose every value it can hold with the same meaning.
HOLDS = {
    "integer": {"smallint"},
    "bigint": {"smallint", "integer"},
    "numeric": {"smallint", "integer", "bigint"},
    "double precision": {"real"},
    "text": {"uuid"},
}
# Name of a type in tables.py -> its name in PostgreSQL's catalogue.
FULL_NAMES = {"timestamptz": "timestamp with time zone"}
# varchar(20), other string types and enumerations count as text, a domain as the type that it is based on.
CATALOGUE_COLUMNS = """
select
    attname,
    case
        when typcategory in ('S', 'E') then 'text'
        when typtype = 'd' then format_type(typbasetype, null)
        else format_type(atttypid, null)
    end as type,
    format_type(atttypid, atttypmod) as full_type,
    has_column_privilege(attrelid, attnum, 'select') as is_readable
from pg_catalog.pg_attribute
inner join pg_catalog.pg_type on pg_type.oid = atttypid
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
order by attnum
"""


@dataclass(frozen=True)
class Found:
    """A column as a database has it: `type` is without length and precision, `full_type` with them."""

    name: str
    type: str
    full_type: str
    is_readable: bool

    @property
    def is_loadable(self) -> bool:
        """Tell whether raw can take the column; psycopg2 would take a % in its name for a parameter."""
        return self.is_readable and self.name not in META_COLUMNS and "%" not in self.name

    @property
    def carried_as(self) -> str:
        """The type of a new column in raw for these values."""
        return self.type if self.type in CARRIED else "text"


@dataclass(frozen=True)
class Shape:
    """A table as declared, its columns in the source, and those in raw (`held`), by name.

    `followed_names` are the columns that earlier loads added to raw.
    """

    table: PostgresTable
    source: dict[str, Found]
    held: dict[str, Found]
    followed_names: set[str]

    @property
    def declared(self) -> list[Column]:
        """The declared columns, with their types in raw."""
        return [self._as_held(column.name, column.type) for column in self.table.raw_columns]

    @property
    def followed(self) -> list[Column]:
        """The columns that earlier loads added. They are in raw, so a model may read them."""
        names = (self.followed_names & self.held.keys()) - self._declared_names
        return [self._as_held(name, "text") for name in sorted(names)]

    @property
    def new(self) -> list[Column]:
        """The loadable columns of the source that are neither declared nor followed."""
        return [self._as_held(found.name, found.carried_as) for found in self._unknown if found.is_loadable]

    @property
    def left_out(self) -> list[Found]:
        """The columns of the source that are neither declared nor followed, and not loadable."""
        return [found for found in self._unknown if not found.is_loadable]

    @property
    def _declared_names(self) -> set[str | None]:
        return {self.table.watermark, *(column.name for column in self.table.raw_columns)}

    @property
    def _unknown(self) -> list[Found]:
        known = self._declared_names | {column.name for column in self.followed}
        return [found for name, found in self.source.items() if name not in known]

    def _as_held(self, name: str, type_: str) -> Column:
        """Return the column with its type in raw; with the given type where raw does not have it yet."""
        held = self.held.get(name)
        return Column(name, held.type if held else FULL_NAMES.get(type_, type_))


def columns_of(cursor: Cursor, table: Identifier) -> dict[str, Found]:
    """Return the table's columns by name, none when there is no such table."""
    cursor.execute(CATALOGUE_COLUMNS, (table.as_string(cursor),))
    return {row[0]: Found(*row) for row in cursor.fetchall()}


def holds(held: str, found: Found, is_declared: bool) -> bool:
    """Tell whether a column of the type `held` in raw can hold every value of the source's column.

    Only a column that a load added may hold its values as text.
    """
    if found.type == held or found.type in HOLDS.get(held, ()):
        return True
    return not is_declared and found.carried_as == held
