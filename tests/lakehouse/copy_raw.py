"""Copy raw into the lake as silver. Run in .venv-lake, with LAKE and the variables of dbt's warehouse.

Numbers without bounds have those of staging, 38 digits with 18 decimals; JSON is text.
"""

import os
from contextlib import closing

import psycopg2
import pyarrow as pa
from deltalake import write_deltalake

TYPES = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "integer": pa.int32(),
    "numeric": pa.decimal128(38, 18),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
}
COLUMNS = """
select table_name, column_name, data_type
from information_schema.columns
where table_schema = 'raw'
order by table_name, ordinal_position
"""


def read(cursor: psycopg2.extensions.cursor, table: str, columns: dict[str, str]) -> pa.Table:
    """Return all rows of a table of raw."""
    names = ", ".join(f'"{name}"::text' if kind == "jsonb" else f'"{name}"' for name, kind in columns.items())
    cursor.execute(f'select {names} from raw."{table}"')
    schema = pa.schema({name: TYPES.get(kind, pa.string()) for name, kind in columns.items()})
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in cursor], schema)


def main() -> None:
    login = {"host": "WAREHOUSE_HOST", "port": "WAREHOUSE_PORT", "dbname": "WAREHOUSE_DB"}
    login |= {"user": "DBT_USER", "password": "DBT_PASSWORD"}
    warehouse = psycopg2.connect(**{name: os.environ[variable] for name, variable in login.items()})
    with closing(warehouse), warehouse.cursor() as cursor:
        cursor.execute(COLUMNS)
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            tables.setdefault(table, {})[column] = kind
        for table, columns in tables.items():
            write_deltalake(
                f"{os.environ['LAKE']}/silver/{table}", read(cursor, table, columns), mode="overwrite"
            )


if __name__ == "__main__":
    main()
