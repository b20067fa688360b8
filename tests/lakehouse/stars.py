"""The star of PostgreSQL, and whether that of another engine is the same: every value, load stamps aside."""

import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from include.environment import ROOT
from include.inherited import inherited
from tests.conftest import Platform
from tests.pipeline import STAMPS

# Values as Python writes them: a decimal with all its places, null as None.
Rows = list[dict[str, str | None]]
STAR = "trusted_next"
# What a run notes for itself, and no reader sees.
NOTES = {"touched_months"}
SHOWN = 3


def in_postgresql(platform: Platform) -> dict[str, Rows]:
    """Return the tables of the star as dbt left it on PostgreSQL."""
    tables = platform.query(
        "dbt_transformer",
        "select table_name, array_agg(column_name::text order by ordinal_position)"
        " from information_schema.columns join information_schema.tables using (table_schema, table_name)"
        " where table_schema = %s and table_type = 'BASE TABLE' group by table_name",
        STAR,
    )
    return {table: _rows(platform, table, columns) for table, columns in tables if table not in NOTES}


def differences(expected: Mapping[str, Rows], found: Mapping[str, Rows]) -> list[str]:
    """Return a line for each table that is not as expected, with some rows that only one of both has."""
    lines = []
    for table in sorted(expected.keys() | found.keys() - NOTES):
        missing, added = (Counter(map(_values, stars.get(table, []))) for stars in (expected, found))
        missing, added = missing - added, added - missing
        if missing or added:
            lines.append(f"{table}: lacks {list(missing)[:SHOWN]}, has {list(added)[:SHOWN]}")
    return lines


def run(python: Path, *arguments: str, settings: Mapping[str, str]) -> str:
    """Run Python on the project and return what it printed; fail with its own words."""
    done = subprocess.run(
        [str(python), "-W", "ignore", *arguments],
        env={**inherited(), **settings},
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


def _rows(platform: Platform, table: str, columns: list[str]) -> Rows:
    names = ", ".join(f'"{column}"' for column in columns)
    found = platform.query("dbt_transformer", f"select {names} from {STAR}.{table}")
    return [
        {name: None if value is None else str(value) for name, value in zip(columns, row, strict=True)}
        for row in found
    ]


def _values(row: dict[str, str | None]) -> tuple:
    return tuple((name, value) for name, value in row.items() if name not in STAMPS)
