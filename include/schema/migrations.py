"""Bring the tables of ops and quarantine to their newest shape: numbered files, each applied once.

`ops.migrations` says which were applied. A new shape is a new file; one that was applied is never changed.
"""

import logging
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "sql" / "migrations"
CREATE_LIST = """
create table if not exists ops.migrations (
    name text primary key,
    applied_at timestamptz not null default now()
);
comment on table ops.migrations is 'One row per migration of ops and quarantine that was applied here.';
"""


def migrate(cursor: Cursor, folder: Path = FOLDER) -> list[str]:
    """Apply the migrations that are not applied yet, in the caller's transaction; return their names.

    The caller holds a lock that keeps others from migrating at the same time.
    """
    cursor.execute(CREATE_LIST)
    cursor.execute("select name from ops.migrations")
    applied = {name for (name,) in cursor.fetchall()}
    missing = [path for path in sorted(folder.glob("*.sql")) if path.stem not in applied]
    for path in missing:
        cursor.execute(path.read_text(encoding="utf-8"))
        cursor.execute("insert into ops.migrations (name) values (%s)", (path.stem,))
        log.info("Applied migration %s to the warehouse", path.stem)
    return [path.stem for path in missing]
