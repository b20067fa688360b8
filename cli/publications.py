"""`make publications` and `make rollback`: what readers were given, and the version before that again.

Runs on the embedded databases, or inside the scheduler's container of the Compose stack.
"""

import sys
from datetime import UTC

from psycopg2.extensions import connection as Connection

from cli.warehouse import ask
from include.errors import PublicationError, StarInUseError
from include.ops.publications import latest_publications
from include.publish import rollback
from include.publish.schema_marker import PREVIOUS, TRUSTED, read_marker
from include.transaction import transaction

LINE = "{:8} {:>7}  {:10}  {:16} {:>12}  {}"
SHOWN = 20


def main() -> int:
    """List the publications or roll back; return 1 with the reason where that cannot be."""
    answer = _roll_back if sys.argv[1:] == ["rollback"] else _list
    return ask(answer, "dbt_transformer")


def _roll_back(warehouse: Connection) -> int:
    try:
        done = rollback(warehouse)
    except (PublicationError, StarInUseError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
        return 1
    print(
        f"Readers see {done} again. The next good run replaces it; `make rollback` once more takes this back."
    )
    return 0


def _list(warehouse: Connection) -> int:
    with transaction(warehouse) as cursor:
        publications = latest_publications(cursor, SHOWN)
        marks = {
            read_marker(cursor, PREVIOUS).get("version"): "<- kept for make rollback",
            read_marker(cursor, TRUSTED).get("version"): "<- readers see it",
        }
    print(LINE.format("action", "version", "as of", "at (UTC)", "rows", "run"))
    for one in publications:
        day, rows = str(one.as_of or ""), f"{sum(one.row_counts.values()):,}"
        at = f"{one.published_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        # A version that was taken back and forth has several rows: the last one is marked.
        run = f"{one.batch_id} {marks.pop(one.version, '')}".strip()
        print(LINE.format(one.action, one.version, day, at, rows, run))
    if not publications:
        print("Nothing is published yet.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
