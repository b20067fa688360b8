"""What two stars are compared by, whichever engine built them: rows and a checksum of each table."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from lakehouse.duck import duck, identifier, show
from lakehouse.lake import Lake
from lakehouse.query import seen_by_readers
from lakehouse.tested import STAR

# They say when a row was loaded, and differ from run to run.
STAMPS = {"_loaded_at", "_user_loaded_at"}
# What a build notes for itself, and no reader asks for.
NOTES = {"touched_months"}
Row = Mapping[str, str | None]


def star_checksums(lake: Lake) -> dict[str, tuple[int, str]]:
    """Return rows and checksum of each table of the star that readers see, by its name."""
    seen = seen_by_readers(lake).versions
    return {
        name.removeprefix(STAR): checksum(star_rows(lake, name, version))
        for name, version in seen.items()
        if name.startswith(STAR) and name.removeprefix(STAR) not in NOTES
    }


def star_rows(lake: Lake, table: str, version: int) -> Iterator[Row]:
    """Yield the rows of a version of a table, values as Python writes them."""
    with duck(lake.settings) as connection:
        show(connection, "rows", lake.open(table, version))
        found = connection.sql(f"from {identifier('rows')}")
        for row in found.fetchall():
            values = (None if value is None else str(value) for value in row)
            yield dict(zip(found.columns, values, strict=True))


def checksum(rows: Iterable[Row]) -> tuple[int, str]:
    """Return how many rows these are, and a checksum of them in any order, load stamps aside."""
    texts = sorted(repr(sorted(item for item in row.items() if item[0] not in STAMPS)) for row in rows)
    return len(texts), hashlib.md5("\n".join(texts).encode(), usedforsecurity=False).hexdigest()
