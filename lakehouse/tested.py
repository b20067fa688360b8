"""Which versions of the star's tables passed dbt's tests: others are not published.

The table `_tested` has a row for each of them. A build empties it when it begins, and fills it when all tests
have passed; where another build began meanwhile, the star is a mixture of both, and neither is noted. A build
that ends while an earlier one still writes is not seen through: one at a time is for its callers to hold.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError

from include.errors import PublicationError
from lakehouse.lake import Lake

TABLE = "_tested"
STAR = "trusted_next."
BUILD = "build"
SCHEMA = pa.schema(
    [
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
    ]
)


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
    rows = lake.find_or_create(TABLE, SCHEMA).to_pyarrow_table().to_pylist()
    return {row["table_name"]: row["version"] for row in rows}


def _write(table: DeltaTable, versions: dict[str, int]) -> None:
    rows = [{"table_name": name, "version": version} for name, version in versions.items()]
    # Of two commits to one version that are the same application's, Delta refuses the second.
    commit = CommitProperties(app_transactions=[Transaction(BUILD, table.version() + 1)])
    came = pa.Table.from_pylist(rows, schema=SCHEMA)
    write_deltalake(table, came, mode="overwrite", commit_properties=commit)
