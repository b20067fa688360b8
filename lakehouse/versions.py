"""Versions of tables as rows of a Delta table: what is published, and what passed its tests."""

from collections.abc import Mapping

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

SCHEMA = pa.schema(
    [
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
    ]
)
Versions = Mapping[str, int]


def as_rows(versions: Versions) -> pa.Table:
    """Return a row for each table, in order of their names."""
    rows = [{"table_name": name, "version": version} for name, version in sorted(versions.items())]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def read_versions(table: DeltaTable) -> dict[str, int]:
    """Return the version of every table by its name.

    By deltalake's own reader: threads of pyarrow's may abort the process when it ends (apache/arrow#34314).
    """
    found = QueryBuilder().register("versions", table).execute("select table_name, version from versions")
    return {row["table_name"]: row["version"] for row in pa.table(found).to_pylist()}
