"""Rows that are kept out of bronze, with the reason: the table bronze.quarantine. No row comes twice."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
from deltalake.exceptions import CommitFailedError

from include.rules.rejected import Rejected
from lakehouse.lake import Lake
from lakehouse.shapes import UTC_TIME

TABLE = "bronze.quarantine"
# What tells two rows apart; the same row, brought again, is the same.
KEY = ("_source_table", "position", "rule", "row_text")
SCHEMA = pa.schema(
    [
        pa.field("_source_table", pa.string(), nullable=False),
        pa.field("position", pa.string(), nullable=False),
        pa.field("column_name", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("row_text", pa.string(), nullable=False),
        pa.field("_ingested_at", UTC_TIME, nullable=False),
        pa.field("_ingested_date", pa.date32(), nullable=False),
    ]
)
ATTEMPTS = 5


def keep(lake: Lake, source: str, rejected: Sequence[Rejected], now: datetime) -> None:
    """Add the rows that are not there yet. `source` is the raw table or the file from which they came."""
    if not rejected:
        return
    rows = [_row(source, one.storable, now) for one in rejected]
    for attempt in range(ATTEMPTS):
        table = lake.find_or_create(TABLE, SCHEMA, partition_by=["_ingested_date"])
        try:
            same = " and ".join(f"old.{name} = new.{name}" for name in KEY)
            came = pa.Table.from_pylist(rows, schema=SCHEMA)
            table.merge(
                came, same, source_alias="new", target_alias="old"
            ).when_not_matched_insert_all().execute()
            return
        except CommitFailedError:
            # Another writer was first.
            if attempt == ATTEMPTS - 1:
                raise


def _row(source: str, one: Rejected, now: datetime) -> dict[str, object]:
    return {
        "_source_table": source,
        "position": one.position,
        "column_name": one.column,
        "value": one.value,
        "reason": one.reason,
        "rule": one.rule,
        "row_text": one.row,
        "_ingested_at": now,
        "_ingested_date": now.date(),
    }
