"""Write rows into raw as the loader does, and read the star that dbt makes of them."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg2.extras import RealDictCursor
from psycopg2.sql import SQL, Identifier

from tests.conftest import Platform
from tests.dbt_project.days import Row
from tests.raw_rows import upsert


@dataclass(frozen=True)
class Star:
    """All trusted tables as they were after one build."""

    tables: Mapping[str, list[dict]]

    def rows(self, table: str, **wanted: object) -> list[dict]:
        return [
            row for row in self.tables[table] if all(row[column] == value for column, value in wanted.items())
        ]

    def row(self, table: str, **wanted: object) -> dict:
        (found,) = self.rows(table, **wanted)
        return found

    def versions(self, user_id: str) -> list[tuple[str, date, date]]:
        found = sorted(self.rows("dim_users", user_id=user_id), key=lambda row: row["valid_from"])
        return [(v["subscription_type"], v["valid_from"], v["valid_to"]) for v in found]

    def user_of(self, session_id: str) -> dict:
        fact = self.row("fct_viewing_sessions", session_id=session_id)
        return self.row("dim_users", user_key=fact["user_key"])

    def contents(self, leave_out: Sequence[str] = ()) -> dict[str, list[str]]:
        """Return all rows in an order of their own, without the columns to leave out."""
        return {
            table: sorted(
                repr([(name, value) for name, value in row.items() if name not in leave_out]) for row in rows
            )
            for table, rows in self.tables.items()
        }


def load(warehouse: Platform, as_of: date, tables: Mapping[str, list[Row]], loaded_at: datetime) -> None:
    """Write changed rows into raw as the loader does: keyed upsert, one stamp for all."""
    stamps = {"_batch_id": str(loaded_at), "_as_of": as_of, "_loaded_at": loaded_at}
    connection = warehouse.connect("elt_loader")
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        for table, rows in tables.items():
            for row in rows:
                values = {"_deleted_at": None, **row, **stamps}
                cursor.execute(upsert(table, values), values)


def read_star(warehouse: Platform) -> Star:
    """Read all tables of the star as dbt left it, unpublished."""
    names = "select tablename from pg_tables where schemaname = 'trusted_next'"
    found = warehouse.query("dbt_transformer", names)
    return Star({table: read_rows(warehouse, table) for (table,) in found})


def read_rows(warehouse: Platform, relation: str) -> list[dict]:
    """Read a table or view of the star as dbt left it, unpublished."""
    connection = warehouse.connect("dbt_transformer")
    with contextlib.closing(connection), connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(SQL("select * from trusted_next.{}").format(Identifier(relation)))
        return [dict(row) for row in cursor.fetchall()]
