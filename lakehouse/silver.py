"""Merge bronze into silver: one row for each key, as raw has it now. A deleted row keeps its _deleted_at.

Data flow: rows of bronze with a newer _loaded_at than any in silver -> the newest of each key -> MERGE. Where
silver ends is read from its rows, so that a table that was restored is brought up to date by the next merge.
"""

from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.exceptions import CommitFailedError, DeltaError

from include.errors import DataQualityError, TransientError
from include.specs import RawTable
from include.tables import raw_tables
from lakehouse.bronze import INGESTED
from lakehouse.duck import duck, identifier, show
from lakehouse.lake import Lake
from lakehouse.rules import constraints_of
from lakehouse.shapes import refuse_other_types

ATTEMPTS = 5
CONSTRAINT = "delta.constraints."
NEWEST = "select coalesce(epoch_us(max(_loaded_at)), 0) from landed"
CURRENT = """
select {columns} from landed where _loaded_at > make_timestamptz({after})
qualify row_number() over (partition by {key} order by _loaded_at desc) = 1
"""
BATCH_ROWS = 100_000


@dataclass(frozen=True)
class Merged:
    """What one merge did to a silver table."""

    table: str
    inserted: int
    updated: int


def merge(lake: Lake) -> list[Merged]:
    """Bring every silver table up to date with its bronze table, if that is there."""
    return [merge_table(lake, table) for table in raw_tables().values() if lake.find(f"bronze.{table.raw}")]


def merge_table(lake: Lake, table: RawTable) -> Merged:
    """Bring one silver table up to date.

    Raises SchemaDriftError for a column of another type, DataQualityError for rows that break a constraint.
    """
    name = f"silver.{table.raw}"
    for _ in range(ATTEMPTS):
        bronze = lake.open(f"bronze.{table.raw}")
        try:
            return _merge(lake, bronze, _prepared(lake, table, _schema_of(bronze)), table)
        except CommitFailedError:
            # Another writer was first: what is left to do is looked up anew.
            continue
        except DeltaError as error:
            if "failed validation check" not in str(error):
                raise
            # What follows in the message are the rows themselves.
            raise DataQualityError(
                f"{name}: rows break a bound that include/sources.yml declares. Nothing of them was merged:"
                f" mend them in the source, or the bound. {str(error).partition('Preview')[0].strip()}"
            ) from None
    raise TransientError(f"{name}: {ATTEMPTS} times another writer was first. Try again")


def newest_stamp(lake: Lake, table: DeltaTable) -> int:
    """Return the newest _loaded_at of the table's rows, in microseconds since 1970; 0 where it has none."""
    with duck(lake.settings) as query:
        show(query, "landed", table)
        return query.sql(NEWEST).fetchone()[0]


def _schema_of(bronze: DeltaTable) -> pa.Schema:
    """Return the columns of raw that a bronze table has."""
    return pa.schema(
        [field for field in pa.schema(bronze.schema().to_arrow()) if field.name not in INGESTED.names]
    )


def _prepared(lake: Lake, table: RawTable, schema: pa.Schema) -> DeltaTable:
    """Return the silver table with all columns of bronze, and the constraints that are declared now."""
    name = f"silver.{table.raw}"
    silver = lake.find_or_create(name, schema)
    held = pa.schema(silver.schema().to_arrow())
    refuse_other_types(name, held, schema)
    if new := [field for field in schema if field.name not in held.names]:
        silver.alter.add_columns(Schema.from_arrow(pa.schema(new)).fields)
    _follow_constraints(silver, constraints_of(table.raw_columns))
    return silver


def _follow_constraints(silver: DeltaTable, declared: dict[str, str]) -> None:
    """Drop the constraints that are not declared any more, and add those that are new."""
    found = silver.metadata().configuration
    held = {name.removeprefix(CONSTRAINT) for name in found if name.startswith(CONSTRAINT)}
    for name in held - declared.keys():
        silver.alter.drop_constraint(name)
    if new := {name: condition for name, condition in declared.items() if name not in held}:
        silver.alter.add_constraint(new)


def _merge(lake: Lake, bronze: DeltaTable, silver: DeltaTable, table: RawTable) -> Merged:
    """Merge what is newer in bronze; rows that silver has already change nothing."""
    after, upto = newest_stamp(lake, silver), newest_stamp(lake, bronze)
    if upto <= after:
        return Merged(table.raw, 0, 0)
    names = pa.schema(silver.schema().to_arrow()).names
    columns, key = (", ".join(map(identifier, some)) for some in (names, table.raw_key))
    same_key = " and ".join(f"old.{identifier(name)} = new.{identifier(name)}" for name in table.raw_key)
    with duck(lake.settings) as query:
        show(query, "landed", bronze)
        rows = query.sql(CURRENT.format(columns=columns, after=after, key=key)).to_arrow_reader(BATCH_ROWS)
        merger = silver.merge(rows, same_key, source_alias="new", target_alias="old")
        done = merger.when_matched_update_all().when_not_matched_insert_all().execute()
    return Merged(table.raw, done["num_target_rows_inserted"], done["num_target_rows_updated"])
