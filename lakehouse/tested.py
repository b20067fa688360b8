"""Which versions of the star's tables passed dbt's tests: others are not published.

The table `_tested` has a row for each of them. A build empties it when it begins, and fills it when all tests
have passed; where another build began meanwhile, the star is a mixture of both, and neither is noted. A build
that ends while an earlier one still writes is not seen through: one at a time is for its callers to hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from include.errors import PublicationError
from lakehouse.lake import Lake
from lakehouse.versions import SCHEMA, Versions, as_rows, read_versions

TABLE = "_tested"
STAR = "trusted_next."
BUILD = "build"


@contextmanager
def build(lake: Lake) -> Iterator[None]:
    """Note what the block leaves of the star as tested, unless it raises.

    Raises PublicationError where another build began meanwhile.
    """
    table = lake.find_or_create(TABLE, SCHEMA)
    _write(table, {})
    yield
    try:
        _write(table, newest_star(lake))
    except CommitFailedError:
        # The other build must not pass either.
        _write(lake.find_or_create(TABLE, SCHEMA), {})
        raise PublicationError(
            "Another build began meanwhile, so the star is a mixture: build again"
        ) from None


def newest_star(lake: Lake) -> dict[str, int]:
    """Return the newest version of each of the star's tables, tested or not."""
    return {table: lake.open(table).version() for table in lake.tables() if table.startswith(STAR)}


def tested(lake: Lake) -> dict[str, int]:
    """Return the versions that passed all tests; none while something is built, and after a bad build."""
    return read_versions(lake.find_or_create(TABLE, SCHEMA))


def _write(table: DeltaTable, versions: Versions) -> None:
    # Of two commits to one version that are the same application's, Delta refuses the second.
    commit = CommitProperties(app_transactions=[Transaction(BUILD, table.version() + 1)])
    write_deltalake(table, as_rows(versions), mode="overwrite", commit_properties=commit)
