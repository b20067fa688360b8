"""The columns of a table on three sides: declared in sources.yml, present in its source, present in raw.

Used by drift.py, which decides what a load does about a difference.
"""

from dataclasses import dataclass, replace

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Identifier

from include.libpq import server_encoding
from include.schema.played import MARK
from include.specs import TAKEN_NAMES, Column, PostgresTable

# What may be a source, as the catalogue codes it and as people call it.
KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table"}
# Types that binary COPY carries unchanged, and whose values are equal only if they look equal. Values of any
# other type are loaded as text.
CARRIED = {"boolean", "smallint", "integer", "bigint", "numeric", "real", "double precision", "text", "uuid"}
CARRIED |= {"date", "timestamp with time zone", "timestamp without time zone", "time without time zone"}
CARRIED |= {"jsonb", "bytea"}
CARRIED |= {f"{name}[]" for name in CARRIED}
# Type in raw -> other types whose every value it can hold with the same meaning.
HOLDS = {
    "integer": {"smallint"},
    "bigint": {"smallint", "integer"},
    "numeric": {"smallint", "integer", "bigint"},
    "double precision": {"real"},
    "text": {"uuid"},
}
# Name of a type in sources.yml -> its name in PostgreSQL's catalogue.
FULL_NAMES = {
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
}
FULL_NAMES |= {f"{short}[]": f"{full}[]" for short, full in FULL_NAMES.items()}
# The types of a watermark, and what makes a moment of each; {} are the column and its zone. A date may lie
# beyond the last moment that PostgreSQL knows, and a time of a zone just outside of it.
STAMPS = {"timestamp with time zone": "{column}"}
STAMPS |= dict.fromkeys(
    ("timestamp without time zone", "date"),
    """
case
    when {column} < '4713-11-26 BC' then '-infinity'
    when {column} > '294276-12-29' then 'infinity'
    else {column}::timestamp at time zone {zone}
end
""",
)
# varchar(20), other string types and enumerations count as text, money as the number that it is, a domain as
# the type that it is based on; what holds for a type holds for arrays of it. Domains may be over domains, and
# over arrays of domains, so the type is looked for step by step.
CATALOGUE_COLUMNS = """
with recursive found as (
    select * from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
),
step as (
    select attnum, atttypid as type_id, '' as suffix from found
    union all
    select
        step.attnum,
        case when typtype = 'd' then typbasetype else typelem end,
        suffix || case when typtype = 'd' then '' else '[]' end
    from step inner join pg_catalog.pg_type on pg_type.oid = step.type_id
    where typtype = 'd' or (typcategory = 'A' and typelem != 0)
)
select
    attname,
    case
        when typcategory in ('S', 'E') then 'text'
        when typname = 'money' then 'numeric'
        else format_type(type_id, null)
    end || suffix as type,
    format_type(atttypid, atttypmod) as full_type,
    has_column_privilege(attrelid, found.attnum, 'select') as is_readable,
    attnotnull as is_required
from found
inner join step on step.attnum = found.attnum
inner join pg_catalog.pg_type on pg_type.oid = step.type_id
where typtype != 'd' and not (typcategory = 'A' and typelem != 0)
order by found.attnum
"""


# A unique index over some of the key's columns holds the key unique too.
CATALOGUE_KEYS = """
select
    obj_description(to_regclass(%(relation)s), 'pg_class'),
    (
        select indexrelid::regclass::text from pg_catalog.pg_index
        where indrelid = to_regclass(%(relation)s) and indisunique and indisvalid and indpred is null
            -- One of a parent does not reach the rows of tables that inherit from it; of partitions it does.
            and not exists (
                select 1 from pg_catalog.pg_inherits
                inner join pg_catalog.pg_class on pg_class.oid = inhparent
                where inhparent = indrelid and relkind = 'r'
            )
            and not exists (
                select 1 from unnest(indkey::smallint[]) with ordinality as part (attnum, place)
                left join pg_catalog.pg_attribute
                    on pg_attribute.attrelid = indrelid and pg_attribute.attnum = part.attnum
                where place <= indnkeyatts
                    and (part.attnum = 0 or attname::text != all (%(key)s))
            )
        order by indisprimary desc, indexrelid
        limit 1
    )
"""


@dataclass(frozen=True)
class Found:
    """A column as a database has it: `type` is without length and precision, `full_type` with them."""

    name: str
    type: str
    full_type: str
    is_readable: bool
    is_required: bool

    @property
    def is_loadable(self) -> bool:
        """Tell whether raw can take the column; psycopg2 would take a % in its name for a parameter."""
        return self.is_readable and self.name not in TAKEN_NAMES and "%" not in self.name

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
        return [self._as_held(column) for column in self.table.columns]

    @property
    def followed(self) -> list[Column]:
        """The columns that earlier loads added. They are in raw, so a model may read them."""
        names = (self.followed_names & self.held.keys()) - self._declared_names - self.table.leave
        return [self._as_held(Column(name, "text")) for name in sorted(names)]

    @property
    def new(self) -> list[Column]:
        """The loadable columns of the source that are neither declared nor followed."""
        loadable = (found for found in self._unknown if found.is_loadable)
        return [self._as_held(Column(found.name, found.carried_as)) for found in loadable]

    @property
    def left_out(self) -> list[Found]:
        """The columns of the source that are neither declared nor followed, and not loadable."""
        return [found for found in self._unknown if not found.is_loadable]

    @property
    def _declared_names(self) -> set[str | None]:
        return {self.table.watermark, *(column.name for column in self.table.columns)}

    @property
    def _unknown(self) -> list[Found]:
        if not self.table.follows:
            return []
        known = self._declared_names | {column.name for column in self.followed} | self.table.leave
        return [found for name, found in self.source.items() if name not in known]

    def _as_held(self, column: Column) -> Column:
        """Return the column with its type in raw; with its own where raw does not have it yet."""
        held = self.held.get(column.name)
        return replace(column, type=held.type if held else FULL_NAMES.get(column.type, column.type))


def columns_of(cursor: Cursor, table: Identifier) -> dict[str, Found]:
    """Return the table's columns by name, none when there is no such table."""
    query = CATALOGUE_COLUMNS
    if server_encoding(cursor) == "SQL_ASCII":
        # Where bytes are no text, the query as a whole would fail.
        query = query.replace("    attname,", "    convert_to(attname::text, 'SQL_ASCII'),", 1)
    cursor.execute(query, (table.as_string(cursor),))
    return {found.name: found for found in (_found(*row) for row in cursor.fetchall())}


def _found(name: str | memoryview, *rest: str | bool) -> Found:
    """Return the column; one whose name is no UTF-8 is as good as one that may not be read."""
    if isinstance(name, str):
        return Found(name, *rest)
    try:
        return Found(bytes(name).decode(), *rest)
    except UnicodeDecodeError:
        return replace(
            Found("", *rest), name=bytes(name).decode(errors="backslashreplace"), is_readable=False
        )


def keeps(reader: Cursor, table: PostgresTable) -> tuple[bool, bool]:
    """Return whether a load must check the rules, and whether the source holds the key unique.

    What the platform made has its rules as constraints. No key at all is unique in any case.
    """
    comment, index = _comment_and_index(reader, table)
    return comment != MARK, index is not None


def unique_index(reader: Cursor, table: PostgresTable) -> str | None:
    """Return the index by which the source holds the key unique, None when none does."""
    return _comment_and_index(reader, table)[1]


def _comment_and_index(reader: Cursor, table: PostgresTable) -> tuple[str | None, str | None]:
    relation = Identifier(table.schema, table.table).as_string(reader)
    reader.execute(CATALOGUE_KEYS, {"relation": relation, "key": list(table.key)})
    return reader.fetchone()


def holds(held: str, found: Found, is_declared: bool) -> bool:
    """Tell whether a column of the type `held` in raw can hold every value of the source's column.

    Values of a type that is not carried are texts; only a column that a load added may hold others as text.
    """
    if found.type == held or found.type in HOLDS.get(held, ()) or found.carried_as == held:
        return True
    # Of a load before arrays were carried.
    return held == "text" and found.type.endswith("[]") and not is_declared
