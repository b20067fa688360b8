"""What the reader sees of a PostgreSQL source: server, login, rights, and each table of sources.yml.

Data flow: catalogue (catalogue.py, shape.py) -> findings. Every question is a read-only transaction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Identifier

from include.check_sources import catalogue, remedies
from include.check_sources.catalogue import Login, Relation
from include.check_sources.findings import Finding, careful, missing, ok, one_line
from include.extract_load.drift import find_problems, shape_in_raw
from include.extract_load.shape import STAMPS, Found, Shape, columns_of, unique_index
from include.specs import PostgresTable
from include.transaction import transaction

SHOWN = 3
INDEXABLE = {"table", "partitioned table", "materialized view"}


@dataclass(frozen=True)
class Checked:
    """A table as declared and as found, and who looks; `name` is what sentences call it."""

    table: PostgresTable
    login: Login
    relation: Relation
    columns: dict[str, Found]

    @property
    def name(self) -> str:
        return self.table.name


def check_postgres(
    source: Connection, tables: Iterable[PostgresTable], warehouse: Connection | None, *, plays: bool
) -> Iterator[Finding]:
    """Yield what the reader sees of the server and of each table.

    Without a `warehouse`, columns that earlier loads added to raw are not looked for. `plays`: the platform
    makes the tables that have a file.
    """
    with transaction(source) as cursor:
        login = catalogue.login(cursor)
        yield from _server(source, login)
        yield from _rights(cursor, login, tables)
        yield from _oldest_transaction(cursor, login)
    for table in tables:
        try:
            with transaction(source) as cursor:
                yield from _table(cursor, login, table, warehouse, plays)
        except psycopg2.Error as error:
            yield missing(f"{table.name}: cannot be checked. The server says: {one_line(error)}")


def _server(source: Connection, login: Login) -> Iterator[Finding]:
    """Yield where the login is; a replica is told apart, since nothing can be changed there."""
    what = "a replica, so that statements are for its primary" if login.is_replica else "a primary"
    place = f"{login.database} on {source.info.host}:{source.info.port}"
    yield ok(f"PostgreSQL {login.version}, {what}; logged in as {login.user} to {place}")
    if login.encoding == "SQL_ASCII":
        yield careful(
            "encoding SQL_ASCII: the server converts nothing, so texts that are no UTF-8 stop a load"
        )
    else:
        yield ok(f"encoding {login.encoding}")


def _rights(cursor: Cursor, login: Login, tables: Iterable[PostgresTable]) -> Iterator[Finding]:
    """Yield whether the login may write: by a grant, which is revoked, or in another way."""
    other = "elt_reader" if login.user != "elt_reader" else "elt_readonly"
    own_role = tuple(remedies.reader_of_tables(other, login.database, tables))
    way_out = f"log in as a role that may only read, such as {other}"
    if login.is_superuser:
        yield careful(f"more rights than needed: {login.user} is a superuser; {way_out}", *own_role)
        return
    writable = catalogue.writable_tables(cursor)
    granted = [name for name, stays in writable.items() if not stays]
    kept = [name for name, stays in writable.items() if stays]
    if granted:
        revoke = remedies.revoke_writes(granted, login.user)
        yield careful(f"more rights than needed: {login.user} may write {_listed(granted)}", revoke)
    if kept:
        how = f"may write {_listed(kept)}, as owner, member of a role, or as everybody"
        yield careful(f"more rights than needed: {login.user} {how}; {way_out}", *own_role)
    if not writable:
        yield ok(f"{login.user} may write no table")


def _oldest_transaction(cursor: Cursor, login: Login) -> Iterator[Finding]:
    """Yield whether a load can know which transactions are still open."""
    found, user = catalogue.oldest_transaction_start(cursor), login.user
    name, without = "elt.oldest_transaction_start()", "only the overlap covers late commits"
    if found is None:
        yield careful(f"there is no {name}: {without}", *remedies.oldest_transaction_start(user))
        return
    may_execute, owner, sees_others = found
    if not may_execute:
        grants = remedies.grant_oldest_transaction_start(user)
        yield careful(f"{user} may not execute {name}: {without}", *grants)
    if not sees_others:
        grants = remedies.see_others(owner)
        yield careful(f"{name} does not see the transactions of others: {without}", *grants)
    if may_execute and sees_others:
        yield ok(f"{name} may be executed")


def _table(
    cursor: Cursor, login: Login, table: PostgresTable, warehouse: Connection | None, plays: bool
) -> Iterator[Finding]:
    """Yield what there is under the table's name, and what keeps it from being loaded."""
    relation, place = catalogue.relation(cursor, table), f"{table.schema}.{table.table}"
    if relation is None and plays and table.file:
        yield careful(f"{table.name}: there is no {place} yet; the next run makes it")
    elif relation is None:
        advice = "Mend schema and table in include/sources.yml, or the connection's database"
        yield missing(f"{table.name}: there is no {place} in the database {login.database}. {advice}")
    elif relation.kind is None:
        yield missing(f"{table.name}: {place} is neither a table nor a view")
    elif not relation.may_enter_schema:
        grants = remedies.grant_usage(table.schema, login.user), remedies.grant_select(table, login.user)
        yield missing(f"{table.name}: {login.user} may not enter the schema {table.schema}", *grants)
    else:
        checked = Checked(table, login, relation, columns_of(cursor, Identifier(table.schema, table.table)))
        yield from _contents(cursor, checked, warehouse)


def _contents(cursor: Cursor, checked: Checked, warehouse: Connection | None) -> Iterator[Finding]:
    """Yield what the reader may read of a table that is there, and how a load finds its way in it."""
    table, columns, user = checked.table, checked.columns.values(), checked.login.user
    place = f"{checked.relation.kind} {table.schema}.{table.table}"
    readable = sum(found.is_readable for found in columns)
    if not readable:
        yield missing(f"{table.name}: {user} may not read the {place}", remedies.grant_select(table, user))
        return
    yield ok(
        f"{table.name}: {place}, {_size(checked.relation)}, {readable} of {len(columns)} columns readable"
    )
    yield from _hidden(checked)
    yield from _columns(checked, _shape(checked, warehouse))
    yield from _key(cursor, checked)
    yield from _stamp(cursor, checked)


def _hidden(checked: Checked) -> Iterator[Finding]:
    """Yield why rows that are there would not come."""
    if not checked.relation.is_populated:
        refresh = remedies.refresh(checked.table)
        yield missing(f"{checked.name}: the materialized view was never filled", refresh)
    if checked.relation.hides_rows:
        yield careful(
            f"{checked.name}: row-level security is on. {checked.login.user} sees only rows that a policy"
            " shows; those that a policy hides later count as deleted"
        )


def _columns(checked: Checked, shape: Shape) -> Iterator[Finding]:
    """Yield the columns that would stop a load, as the load says it, and those that it would leave out."""
    table, user, unreadable = checked.table, checked.login.user, []
    for change, advice in find_problems(shape, user):
        if change.change == "unreadable":
            unreadable.append(change.column_name)
        else:
            yield missing(f"{table.name}: {advice}")
    if unreadable:
        grant = remedies.grant_select(table, user, unreadable)
        yield missing(f"{table.name}: {user} may not read {', '.join(unreadable)}", grant)
    if left := [found.name for found in shape.left_out]:
        why = "not readable, or of a name that raw cannot take"
        yield careful(f"{table.name}: {_listed(left)} will not be loaded: {why}")


def _key(cursor: Cursor, checked: Checked) -> Iterator[Finding]:
    """Yield whether the source itself holds the key unique."""
    key = ", ".join(checked.table.key)
    if not key:
        yield ok(f"{checked.name}: no key is declared, so rows are known by their hash and read whole")
    elif index := unique_index(cursor, checked.table):
        yield ok(f"{checked.name}: key {key} is unique ({index})")
    else:
        looks = "no unique index holds it, so every load looks for rows that share it"
        yield careful(f"{checked.name}: key {key} is only promised: {looks}")


def _stamp(cursor: Cursor, checked: Checked) -> Iterator[Finding]:
    """Yield of which type the stamp is, whether every row has one, and whether an index finds it."""
    table, relation = checked.table, checked.relation
    if table.watermark is None:
        yield ok(f"{table.name}: no stamp is declared, so it is read whole")
        return
    found = checked.columns.get(table.watermark)
    has_zone = found and found.type == "timestamp with time zone"
    if not has_zone and not (found and found.type in STAMPS and table.time_zone):
        # Said already: a load would stop.
        return
    zone = "" if has_zone else f", written in {table.time_zone}"
    stamp, index = f"{table.name}: stamp {table.watermark}", catalogue.index_on_stamp(cursor, table)
    yield ok(f"{stamp} is a {found.full_type}{zone}" + (f", with an index ({index})" if index else ""))
    if not found.is_required:
        yield careful(f"{stamp} may be empty: such rows are read by every load")
    if not index and table.is_incremental and relation.kind in INDEXABLE:
        create = remedies.index_on_stamp(table, is_partitioned=relation.kind == "partitioned table")
        yield careful(f"{stamp} has no index: every load reads the whole table to find what changed", *create)


def _shape(checked: Checked, warehouse: Connection | None) -> Shape:
    """Return the table's columns beside those of raw, as far as there is a warehouse to ask."""
    if warehouse is None:
        return Shape(checked.table, checked.columns, {}, set())
    with transaction(warehouse) as cursor:
        return shape_in_raw(cursor, checked.table, checked.columns)


def _size(relation: Relation) -> str:
    return "number of rows not known" if relation.rows is None else f"about {relation.rows:,} rows"


def _listed(names: list[str]) -> str:
    """Return some of the names, and how many there are more."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
