"""What readers see: a publication names a version of every table, and readers take all of them from one.

The table `_publications` has a row for each table. A publication replaces all rows in one Delta commit, so
that readers have the old versions or the new ones; the number of the commit is that of the publication.
Neither a publication nor a rollback reads or writes data of the tables.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from include.errors import PublicationError
from include.rules.texts import listed
from lakehouse.lake import Lake, Version
from lakehouse.tested import STAR, tested
from lakehouse.versions import SCHEMA, Versions, as_rows, read_versions

TABLE = "_publications"
ATTEMPTS = 5
MAINTENANCE = "maintain"


@dataclass(frozen=True)
class Publication:
    """A version of every table by its name. `number` grows; 0 is the one before the first, which is empty."""

    number: int
    versions: Versions


@dataclass(frozen=True)
class Published:
    """When readers were given a publication, and by what: publish, rollback, restore or maintain."""

    number: int
    published_at: datetime
    action: str


def publish(lake: Lake) -> Publication:
    """Let readers see the newest version of every table. Where they see that already, nothing is written.

    Raises PublicationError where one of the star did not pass dbt's tests.
    """
    newest = {table: lake.open(table).version() for table in lake.tables()}
    _refuse_untested(lake, newest)
    return _write(lake, "publish", lambda _: newest)


def publish_also(lake: Lake, action: str, changed: Versions) -> Publication:
    """Let readers see these versions of these tables, and of all others what they see now."""
    return _write(lake, action, lambda seen: {**seen, **changed})


def roll_back(lake: Lake) -> Publication:
    """Let readers see the publication before the present one; once more takes it back.

    Raises PublicationError where there is none before.
    """
    if (number := number_before(publications(lake))) is None:
        raise PublicationError("There is no publication before the present one")
    return _write(lake, "rollback", lambda _: publication_at(lake, number).versions)


def number_before(newest_first: Sequence[Published]) -> int | None:
    """Return the number of the publication before the present one, None where there is none.

    What maintenance published has the rows of the one before it, and counts as the same.
    """
    changes = [one.number for one in newest_first if one.action != MAINTENANCE]
    return next((one.number for one in newest_first if changes and one.number < changes[0]), None)


def current(lake: Lake) -> Publication:
    """Return what readers see now."""
    return _read(_table(lake))


def publication_at(lake: Lake, as_of: Version) -> Publication:
    """Return a publication by its number, or that of a time. Raises PublicationError if there is none."""
    table = _table(lake)
    try:
        table.load_as_version(as_of)
    except (DeltaError, ValueError) as error:
        raise PublicationError(
            f"There is no publication {as_of}; `make lake-sql` lists them. {error}"
        ) from None
    if not table.version():
        raise PublicationError(f"Nothing was published at {as_of}; `make lake-sql` lists the publications")
    return _read(table)


def publications(lake: Lake) -> list[Published]:
    """Return all publications that are kept, newest first."""
    return [
        Published(entry["version"], datetime.fromtimestamp(entry["timestamp"] / 1000, UTC), entry["action"])
        for entry in _table(lake).history()
        if entry["version"]
    ]


def _refuse_untested(lake: Lake, newest: Versions) -> None:
    """Raise PublicationError for a star that is not tested, nor what maintenance or a restore published."""
    good, seen = tested(lake), current(lake).versions
    star = [name for name in newest if name.startswith(STAR)]
    bad = [name for name in star if newest[name] not in (good.get(name), seen.get(name))]
    if bad:
        raise PublicationError(
            f"{listed(bad)}: not tested since the last change, as dbt failed or is at work. Readers keep"
            " their star; build again, then publish"
        )


def _table(lake: Lake) -> DeltaTable:
    return lake.find_or_create(TABLE, SCHEMA)


def _read(table: DeltaTable) -> Publication:
    return Publication(table.version(), read_versions(table))


def _write(lake: Lake, action: str, change: Callable[[Versions], Versions]) -> Publication:
    """Write what the change makes of what readers see; of two at once each is made of the other's result."""
    for _ in range(ATTEMPTS):
        table = _table(lake)
        seen = _read(table)
        if (versions := dict(change(seen.versions))) == seen.versions:
            return seen
        commit = CommitProperties(custom_metadata={"action": action})
        try:
            write_deltalake(table, as_rows(versions), mode="overwrite", commit_properties=commit)
        except CommitFailedError:
            continue
        return Publication(table.version(), versions)
    raise PublicationError(f"{ATTEMPTS} times another publication was first. Try again")
