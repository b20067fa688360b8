"""Print the rows of the star's Delta tables as JSON. Run in .venv-lake, with the star's folder as argument."""

import json
import sys
from pathlib import Path

import duckdb
from duckdb_extensions import import_extension


def texts(table: duckdb.DuckDBPyRelation) -> list[dict[str, str | None]]:
    """Return the table's rows, values as Python writes them."""
    return [
        {name: None if value is None else str(value) for name, value in zip(table.columns, row, strict=True)}
        for row in table.fetchall()
    ]


if __name__ == "__main__":
    import_extension("delta")
    session = duckdb.connect()
    session.execute("load delta")
    tables = {path.name: session.sql(f"from delta_scan('{path}')") for path in Path(sys.argv[1]).iterdir()}
    json.dump({name: texts(table) for name, table in tables.items()}, sys.stdout)
