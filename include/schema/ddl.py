"""Create the tables of the source and of the warehouse from the specs in `sources.yml`.

Everything here is safe to run again, and nothing is ever dropped: dbt views sit on raw.
"""

from pathlib import Path

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.ops.health import create_health_views
from include.ops.run_history import create_run_history
from include.ops.streaming import grant_streaming
from include.schema.migrations import migrate
from include.schema.played import MARK, refuse_foreign_helpers, refuse_foreign_table
from include.specs import META_COLUMNS, Column, DocumentKind, PostgresTable, RawTable
from include.tables import PLAYED_TABLES, raw_tables

SQL_DIR = Path(__file__).parent / "sql"
SOURCE_TABLE = """
create table if not exists public.{table} (
    {columns},
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key ({key})
);
create or replace trigger touch_updated_at before update on public.{table}
for each row execute function public.touch_updated_at();
comment on table public.{table} is '{mark}';
"""
TEXT_BOUNDS = r"""
select conname from pg_constraint
where conrelid = to_regclass(format('public.%%I', %s::text)) and conname like 'max\_%%\_bytes\_of\_%%'
"""
# Not valid: rows that an older version stored stay as they are; what is written from now on is checked.
# concat takes any type, so that the column's may still be altered.
BOUND_TEXT = """
alter table public.{table} add constraint {name} check (octet_length(concat({column})) <= {bound}) not valid
"""
# An updated row finds room on its own page, and no index has to follow it: BRIN lets such an update be
# heap-only, a b-tree on the stamp does not. The stamp is indexed in the form in which staging shows it.
RAW_TABLE = """
create table if not exists raw.{table} ({columns}, primary key ({key})) with (fillfactor = 90);
create index if not exists {index} on raw.{table}
using brin ((_loaded_at at time zone 'UTC')) with (autosummarize = on);
"""


def create_source_tables(source: Connection) -> None:
    """Create the product's tables with keys, checks, stamps and the index that extraction reads.

    Raises ForeignTableError, before the first write, when one of them is there and somebody else's.
    """
    with source, source.cursor() as cursor:
        # Two runs that create at the same time would trip over each other.
        cursor.execute("select pg_advisory_xact_lock(hashtext('create_source_tables'))")
        refuse_foreign_helpers(cursor)
        for table in PLAYED_TABLES:
            refuse_foreign_table(cursor, table)
        cursor.execute((SQL_DIR / "source.sql").read_text())
        for table in PLAYED_TABLES:
            cursor.execute(_source_table(table))
            _bound_texts(cursor, table)


def create_warehouse_tables(warehouse: Connection) -> None:
    """Create the raw tables, and bring the load log and the quarantine to their newest shape."""
    with warehouse, warehouse.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('create_warehouse_tables'))")
        migrate(cursor)
        for table in raw_tables().values():
            cursor.execute(_raw_table(table))
        create_health_views(cursor)
        create_run_history(cursor)
        grant_streaming(cursor)


def _source_table(table: PostgresTable) -> Composed:
    """Return the statements that make a table of the product."""
    create = SQL(SOURCE_TABLE).format(
        table=Identifier(table.name),
        columns=SQL(", ").join(_source_column(column) for column in table.file_columns),
        key=Identifier(table.file_key),
        mark=SQL(MARK),
    )
    if not table.watermark:
        return create
    return create + SQL("create index if not exists {} on public.{} ({});").format(
        Identifier(f"{table.name}_{table.watermark}"), Identifier(table.name), Identifier(table.watermark)
    )


def _source_column(column: Column) -> Composed:
    """Return the column with what its spec demands: not null, and checks of its bounds."""
    definition = SQL("{} {}").format(Identifier(column.name), SQL(column.type))
    if column.required:
        definition += SQL(" not null")
    for bound, operator in ((column.minimum, ">="), (column.maximum, "<=")):
        if bound is not None:
            check = SQL(" check ({} {} {})")
            definition += check.format(Identifier(column.name), SQL(operator), Literal(bound))
    return definition


def _bound_texts(cursor: Cursor, table: PostgresTable) -> None:
    """Let the table refuse texts longer than declared; a bound that was declared before is dropped."""
    bounded = [column for column in table.file_columns if column.max_bytes is not None]
    wanted = {_name_of_bound(column): column for column in bounded}
    cursor.execute(TEXT_BOUNDS, (table.name,))
    present = {name for (name,) in cursor.fetchall()}
    for name in present - set(wanted):
        drop = SQL("alter table public.{} drop constraint {}")
        cursor.execute(drop.format(Identifier(table.name), Identifier(name)))
    for name, column in wanted.items():
        if name not in present:
            add = SQL(BOUND_TEXT).format(
                table=Identifier(table.name),
                name=Identifier(name),
                column=Identifier(column.name),
                bound=Literal(column.max_bytes),
            )
            cursor.execute(add)


def _name_of_bound(column: Column) -> str:
    """Name a constraint for its bound and column, in the 63 bytes that PostgreSQL keeps of a name."""
    return f"max_{column.max_bytes}_bytes_of_{column.name}".encode()[:63].decode(errors="ignore")


def _raw_table(table: RawTable) -> Composed:
    """Return the statements that make a raw table: the source's columns, then those of the loader."""
    columns = [SQL("{} {}").format(Identifier(column.name), SQL(column.type)) for column in table.raw_columns]
    if isinstance(table, DocumentKind):
        columns.append(SQL("_document jsonb not null"))
    columns += [SQL(f"{name} {definition}") for name, definition in META_COLUMNS.items()]
    return SQL(RAW_TABLE).format(
        table=Identifier(table.raw),
        columns=SQL(", ").join(columns),
        key=SQL(", ").join(map(Identifier, table.raw_key)),
        index=Identifier(f"{table.raw}__loaded_at_utc"),
    )
