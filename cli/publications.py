"""`make publications` and `make rollback`: what readers were given, and the version before that again.

Runs on the embedded databases, or inside the scheduler's container of the Compose stack.
"""

from datetime import UTC

from psycopg2.extensions import connection as Connection

from cli import CommandError
from cli.output import print_table
from include.errors import NotPublishedError
from include.ops.publications import Publication, latest_publications
from include.publish import rollback
from include.publish.schema_marker import PREVIOUS, TRUSTED, read_marker
from include.transaction import transaction

HEADERS = ("action", "version", "as of", "at (UTC)", "rows", "run")
LINE = "{:8} {:>7}  {:10}  {:16} {:>12}  {}"
SHOWN = 20


def print_latest(warehouse: Connection) -> None:
    """List the latest publications, newest first."""
    with transaction(warehouse) as cursor:
        publications = latest_publications(cursor, SHOWN)
        marks = {
            read_marker(cursor, PREVIOUS).get("version"): "<- kept for make rollback",
            read_marker(cursor, TRUSTED).get("version"): "<- readers see it",
        }
    # A version that was taken back and forth has several rows: the last one is marked.
    print_table(HEADERS, LINE, [_row(one, marks.pop(one.version, "")) for one in publications])
    if not publications:
        print("Nothing is published yet.")


def roll_back(warehouse: Connection) -> None:
    """Give readers the version before. Raises CommandError where that cannot be."""
    try:
        done = rollback(warehouse)
    except NotPublishedError as error:
        raise CommandError(f"Nothing was changed. {error}") from error
    print(
        f"Readers see {done} again. The next good run replaces it; `make rollback` once more takes this back."
    )


def _row(one: Publication, mark: str) -> tuple:
    """Return what is shown of a publication; a version is no number with thousands."""
    at = f"{one.published_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    rows = sum(one.row_counts.values())
    return (one.action, str(one.version), str(one.as_of or ""), at, rows, f"{one.batch_id} {mark}".strip())
