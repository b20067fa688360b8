"""Looking into source and warehouse, and changing them by hand, beside the tasks' own connections."""

from collections.abc import Iterable
from functools import cached_property

from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES, raw_tables
from tests.integration.helpers.connections import Connections, autocommit

SEED_STATE = "seed_state"
SOURCE_TABLES = (*(table.name for table in POSTGRES_TABLES), SEED_STATE)
# What loads write beside raw.
RECORDS = (
    "ops.load_runs",
    "ops.watermarks",
    "ops.schema_changes",
    "ops.source_figures",
    "ops.source_parts",
    "ops.reconciliations",
    "quarantine.rejected_rows",
)


class Looks(Connections):
    """One person who looks at both databases; each of their statements is a transaction of its own."""

    @cached_property
    def _source_view(self) -> Connection:
        return autocommit(self.platform.connect("app"))

    @cached_property
    def _warehouse_view(self) -> Connection:
        return autocommit(self.platform.connect("elt_loader"))

    def source(self, sql: str, *parameters: object) -> list[dict]:
        return _run(self._source_view, sql, parameters)

    def warehouse(self, sql: str, *parameters: object) -> list[dict]:
        return _run(self._warehouse_view, sql, parameters)

    def source_users(self) -> dict[str, dict]:
        """Return the source's users with their stamps and where each row lies on its page."""
        return {row["user_id"]: row for row in self.source("select *, ctid from users")}

    def raw(self, table: str = "postgres_users") -> dict[object, dict]:
        """Return a raw table by its key, deleted rows included."""
        names = raw_tables()[table].raw_key
        rows = self.warehouse(f"select * from raw.{table}")
        if len(names) == 1:
            return {row[names[0]]: row for row in rows}
        return {tuple(row[name] for name in names): row for row in rows}

    def documents(self) -> dict[str, dict]:
        return {document["content_id"]: document for document in self.product.content.find()}

    def quarantine(self) -> list[dict]:
        return self.warehouse("select * from quarantine.rejected_rows order by rejected_row_id")

    def load_runs(self) -> list[dict]:
        return self.warehouse("select * from ops.load_runs order by load_run_id")

    def state(self) -> dict[str, object]:
        """Return all that a load can change, for comparison before and after."""
        raw = {f"raw.{name}": f"select * from raw.{name} order by 1, 2" for name in raw_tables()}
        return {
            **{name: self.source(f"select * from {name} order by 1") for name in SOURCE_TABLES},
            "documents": list(self.product.content.find().sort("_id")),
            "document_state": list(self.product[SEED_STATE].find().sort("_id")),
            "watermarks": self.warehouse("select * from ops.watermarks order by 1"),
            "source_figures": self.warehouse("select * from ops.source_figures order by 1, 2"),
            "load_runs": self.load_runs(),
            "quarantine": self.quarantine(),
            **{name: self.warehouse(sql) for name, sql in raw.items()},
        }

    def empty(self) -> None:
        """Delete all that a load can change."""
        raw = [f"raw.{name}" for name in raw_tables()]
        self.source(_delete_from(SOURCE_TABLES))
        self.warehouse(_delete_from([*raw, *RECORDS]))
        for name in (*(collection.name for collection in MONGO_COLLECTIONS), SEED_STATE):
            self.product[name].delete_many({})


def _delete_from(tables: Iterable[str]) -> str:
    return "; ".join(f"delete from {table}" for table in tables)


def _run(connection: Connection, sql: str, parameters: tuple) -> list[dict]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(sql, parameters or None)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []
