"""The three schemas of a star, and the marker that says which star a schema holds.

The marker is a comment on the schema, so that it goes along when the schema is renamed. dbt writes it
(dbt/macros/star_marker.sql), with the hash of the code that built the star from nothing (include/dbt.py);
publishing adds the version.
"""

import json

from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import SQL, Identifier, Literal

NEXT, TRUSTED, PREVIOUS = "trusted_next", "trusted", "trusted_previous"


def read_marker(cursor: Cursor, schema: str) -> dict[str, object]:
    """Return what the schema is marked with; nothing for a star from before there were markers."""
    cursor.execute("select obj_description(to_regnamespace(%s), 'pg_namespace')", (schema,))
    try:
        marker = json.loads(cursor.fetchone()[0] or "{}")
    except ValueError:
        # Somebody's own words about the schema.
        return {}
    return marker if isinstance(marker, dict) else {}


def write_marker(cursor: Cursor, schema: str, marker: dict[str, object]) -> None:
    """Mark the schema, in the caller's transaction."""
    statement = SQL("comment on schema {} is {}")
    cursor.execute(statement.format(Identifier(schema), Literal(json.dumps(marker))))
