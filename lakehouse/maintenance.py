"""History, restore, and housekeeping: fewer and larger files, and none that no publication needs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable

from include.errors import InputError
from lakehouse.lake import Lake, Version
from lakehouse.publications import (
    MAINTENANCE,
    current,
    number_before,
    publication_at,
    publications,
    publish_also,
)

# Files with rows that questions ask for together: the columns by which a table is sorted anew.
Z_ORDER = {
    "silver.postgres_viewing_sessions": ["watch_date", "user_id"],
    "trusted_next.fct_viewing_sessions": ["date_key", "user_key"],
}
# How an operation counts the rows that it wrote.
ROWS = ("num_added_rows", "num_output_rows", "numOutputRows")


@dataclass(frozen=True)
class Commit:
    """One commit of a table."""

    version: int
    committed_at: datetime
    operation: str
    rows: int | None


@dataclass(frozen=True)
class Housekeeping:
    """What was done to a table: files that were made of smaller ones, and files that were removed."""

    table: str
    compacted: int
    removed: int


def history(lake: Lake, table: str) -> list[Commit]:
    """Return the commits of a table, newest first."""
    return [_commit(entry) for entry in lake.open(table).history()]


def restore(lake: Lake, table: str, version: Version) -> int:
    """Make the table what it was at a version or a time, as a new version, and let readers see it.

    Raises InputError for bronze, which is only added to.
    """
    if table.startswith("bronze."):
        raise InputError(
            f"{table} is only added to, and says what was landed: restore the table of silver instead"
        )
    wanted = lake.open(table, version).version()
    found = lake.open(table)
    if wanted < found.version():
        found.restore(wanted)
    publish_also(lake, "restore", {table: found.version()})
    return wanted


def maintain(lake: Lake, now: datetime) -> list[Housekeeping]:
    """Compact the tables, and remove the files that no kept publication needs. Readers see the same rows.

    Kept are the publications of the last `kept_days`, the present one and the one before. A table that has
    changed since it was published is not compacted: its newest version is not for readers yet.
    """
    published, kept = current(lake).versions, kept_versions(lake, now)
    done, newest = [], {}
    for name in lake.tables():
        table = lake.open(name)
        is_published = table.version() == published.get(name)
        compacted = compact(table, name) if is_published else 0
        done.append(Housekeeping(name, compacted, vacuum(lake, table, kept.get(name, []))))
        if is_published:
            newest[name] = table.version()
    publish_also(lake, MAINTENANCE, newest)
    return done


def compact(table: DeltaTable, name: str) -> int:
    """Write small files together, sorted where questions ask for some of the rows; return how many came."""
    # One file is not sorted again: Z-order would write it anew each time.
    is_sorted = name in Z_ORDER and len(table.file_uris()) > 1
    done = table.optimize.z_order(Z_ORDER[name]) if is_sorted else table.optimize.compact()
    return done["numFilesAdded"]


def kept_versions(lake: Lake, now: datetime) -> dict[str, list[int]]:
    """Return the versions of each table that readers may still ask for."""
    oldest = now - timedelta(days=lake.settings.kept_days)
    newest_first = publications(lake)
    before = number_before(newest_first) or 0
    kept = [one for one in newest_first if one.number >= before or one.published_at >= oldest]
    found: dict[str, set[int]] = {}
    for one in kept:
        for table, version in publication_at(lake, one.number).versions.items():
            found.setdefault(table, set()).add(version)
    return {table: sorted(versions) for table, versions in found.items()}


def vacuum(lake: Lake, table: DeltaTable, kept: list[int]) -> int:
    """Remove files that were replaced more than `kept_days` ago, and leftovers of writers that were killed.

    Files of the versions to keep stay, however old they are. Return how many were removed.
    """
    removed = table.vacuum(
        retention_hours=24 * lake.settings.kept_days,
        enforce_retention_duration=False,
        dry_run=False,
        full=True,
        keep_versions=kept,
    )
    return len(set(removed))


def _commit(entry: dict) -> Commit:
    """Return an entry of Delta's history; its figures depend on the operation and on who wrote it."""
    figures = entry.get("operationMetrics") or {}
    rows = next((int(figures[name]) for name in ROWS if name in figures), None)
    committed_at = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
    return Commit(entry["version"], committed_at, entry["operation"], rows)
