"""The table ops.schema_changes: changed columns and fields of the sources, also written to the log."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import NoReturn

from psycopg2.extensions import cursor as Cursor

from include.errors import SchemaDriftError
from include.rules.rejected import shortened
from include.run import Batch

log = logging.getLogger(__name__)

# The actions of a load on a change.
ADDED, LEFT_OUT, KEPT, STOPPED = "added to raw", "left out", "kept in _document", "stopped the load"
# Data may be used as names of fields, thousands of them.
MOST_LOGGED = 100
REPORTED = """
select table_name, column_name, action, new_type from ops.schema_changes where table_name = any (%s)
"""
# A retried task finds the same changes again.
RECORD = """
insert into ops.schema_changes (
    batch_id, table_name, column_name, change, action, old_type, new_type, document_id
) values (
    %(batch_id)s, %(table_name)s, %(column_name)s, %(change)s,
    %(action)s, %(old_type)s, %(new_type)s, %(document_id)s
)
on conflict do nothing
"""


@dataclass(frozen=True)
class SchemaChange:
    """A row of ops.schema_changes; `document_id` is the first document with the new field."""

    table_name: str
    column_name: str | None
    change: str
    action: str
    old_type: str | None = None
    new_type: str | None = None
    document_id: str | None = None

    def __post_init__(self) -> None:
        """Shorten what documents choose: the table has an index of their fields' names, and the log both."""
        for name in ("column_name", "document_id"):
            if text := getattr(self, name):
                object.__setattr__(self, name, shortened(text))

    def __str__(self) -> str:
        types = " -> ".join(type_ for type_ in (self.old_type, self.new_type) if type_)
        what = f"{self.column_name} ({types})" if self.column_name else "its source"
        place = f", first in {self.document_id}" if self.document_id else ""
        return f"{self.table_name}: {what} was {self.change}{place}: {self.action}"

    @property
    def identity(self) -> tuple[str, str | None, str, str | None]:
        """Return the values that are equal in reports of the same change."""
        return self.table_name, self.column_name, self.action, self.new_type


def reported_before(cursor: Cursor, tables: Iterable[str]) -> set[tuple[str, str | None, str, str | None]]:
    """Return the identities of the changes that were recorded for the raw tables."""
    cursor.execute(REPORTED, (list(tables),))
    return set(cursor.fetchall())


def record_changes(cursor: Cursor, changes: Iterable[SchemaChange], batch: Batch) -> None:
    """Insert the changes, in the caller's transaction, and log them: of very many the first ones."""
    number = 0
    for number, change in enumerate(changes, 1):
        cursor.execute(RECORD, {"batch_id": batch.batch_id, **asdict(change)})
        if number <= MOST_LOGGED:
            log.warning("%s", change)
    if number > MOST_LOGGED:
        log.warning(
            "And %s more changes of shape: all are in ops.schema_changes", f"{number - MOST_LOGGED:,}"
        )


def stop(cursor: Cursor, problems: Mapping[SchemaChange, str], batch: Batch) -> NoReturn:
    """Commit the record of the changes and raise SchemaDriftError; `problems` has the advice for each change.

    The load must not have written anything yet: this commits its transaction.
    """
    record_changes(cursor, problems, batch)
    cursor.connection.commit()
    raise SchemaDriftError("; ".join(problems.values()) + ". Nothing of this table was loaded")
