"""The record of how the sources' shapes changed: ops.schema_changes, and the log."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import NoReturn

from psycopg2.extensions import cursor as Cursor

from include.errors import SchemaDriftError
from include.run import Batch

log = logging.getLogger(__name__)

# What a load did about a change.
ADDED, LEFT_OUT, KEPT, STOPPED = "added to raw", "left out", "kept in _document", "stopped the load"


@dataclass(frozen=True)
class SchemaChange:
    """A line of ops.schema_changes."""

    table_name: str
    column_name: str | None
    change: str
    action: str
    old_type: str | None = None
    new_type: str | None = None
    document_id: str | None = None

    def __str__(self) -> str:
        types = " -> ".join(type_ for type_ in (self.old_type, self.new_type) if type_)
        what = f"{self.column_name} ({types})" if self.column_name else "its source"
        place = f", first in {self.document_id}" if self.document_id else ""
        return f"{self.table_name}: {what} was {self.change}{place}: {self.action}"

    @property
    def identity(self) -> tuple[str, str | None, str, str | None]:
        """Return what tells whether the same was reported before."""
        return self.table_name, self.column_name, self.action, self.new_type


def reported_before(cursor: Cursor, tables: Iterable[str]) -> set[tuple[str, str | None, str, str | None]]:
    """Return the identities of the changes that were recorded for the raw tables."""
    cursor.execute(
        "select table_name, column_name, action, new_type from ops.schema_changes"
        " where table_name = any (%s)",
        (list(tables),),
    )
    return set(cursor.fetchall())


def record_changes(cursor: Cursor, changes: Iterable[SchemaChange], batch: Batch) -> None:
    """Write the changes down, in the caller's transaction, and log them."""
    for change in changes:
        # A task that is tried again meets the same once more.
        cursor.execute(
            "insert into ops.schema_changes (batch_id, table_name, column_name, change, action, old_type,"
            " new_type, document_id) values (%(batch_id)s, %(table_name)s, %(column_name)s, %(change)s,"
            " %(action)s, %(old_type)s, %(new_type)s, %(document_id)s) on conflict do nothing",
            {"batch_id": batch.batch_id, **asdict(change)},
        )
        log.warning("%s", change)


def stop(cursor: Cursor, problems: Mapping[SchemaChange, str], batch: Batch) -> NoReturn:
    """Commit the record of the changes, and raise SchemaDriftError with what to do about each.

    Only for a load that has not written anything yet.
    """
    record_changes(cursor, problems, batch)
    cursor.connection.commit()
    raise SchemaDriftError("; ".join(problems.values()) + ". Nothing of this table was loaded")
