"""The three schemas for stars, and the marker that identifies the star in a schema.

The marker is JSON in the comment on the schema, such as {"state": "tested", "batch_id": "run 7"}, and stays
with a schema that is renamed. dbt writes it (dbt/macros/star_marker.sql), with the hash of the code that
built the star from nothing (include/dbt.py) and the state of raw that it was built from
(include/ops/load_runs.py); publishing adds the version.
"""

import json

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier, Literal

from include.run import Batch

NEXT, TRUSTED, PREVIOUS = "trusted_next", "trusted", "trusted_previous"


def read_marker(cursor: Cursor, schema: str) -> dict[str, object]:
    """Return the schema's marker; an empty one for a star that is older than markers."""
    cursor.execute("select obj_description(to_regnamespace(%s), 'pg_namespace')", (schema,))
    try:
        marker = json.loads(cursor.fetchone()[0] or "{}")
    except ValueError:
        # A comment that somebody else wrote on the schema.
        return {}
    return marker if isinstance(marker, dict) else {}


def is_tested_star_of(batch: Batch, marker: dict[str, object]) -> bool:
    """Tell whether the marker is that of a star that the batch built, tested, and did not publish yet."""
    return marker.get("state") == "tested" and marker.get("batch_id") == batch.batch_id


def write_marker(cursor: Cursor, schema: str, marker: dict[str, object]) -> None:
    """Replace the schema's marker, in the caller's transaction."""
    statement = SQL("comment on schema {} is {}")
    cursor.execute(statement.format(Identifier(schema), Literal(json.dumps(marker))))
