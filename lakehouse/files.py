"""Land the three files without a warehouse: what differs from silver becomes rows of bronze, as raw's do.

Data flow: files -> good rows -> compared with silver: new and changed ones, and those that the files lack,
which get a _deleted_at -> one Delta commit a table. Files that come again find nothing that differs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from include.errors import InputError, TransientError
from include.rules.limits import refuse_mass_deletion, refuse_mass_rejection
from include.seed.files import checked_folder
from include.settings import DEFAULT_LIMITS
from include.specs import META_COLUMNS, DocumentKind, MongoCollection, PostgresTable, RawTable
from include.tables import PLAYED
from lakehouse import quarantine, silver
from lakehouse.bronze import ATTEMPTS, Landing, append, bronze_table
from lakehouse.came import Came
from lakehouse.csv_files import read_csv
from lakehouse.duck import duck, identifier, show
from lakehouse.json_files import read_json
from lakehouse.lake import Lake
from lakehouse.raw import micros
from lakehouse.shapes import Shape

SOURCE = "files"
BATCH_ROWS = 100_000
# `held` is silver, `came` the good rows of the file, `kept` the keys of the others.
CHANGED = """
create table changed as
select {changed} from came left join held on {same_key}
where held._loaded_at is null or held._deleted_at is not null or ({old}) is distinct from ({new})
union all by name
select {gone} from held
where held._deleted_at is null and not exists (select 1 from came where {same_key})
    and held.{first_key} not in (select key from kept)
"""
COUNTS = """
select
    (select count(*) from changed),
    (select count(*) from changed where _deleted_at is not null),
    (select count(*) from held where _deleted_at is null)
"""
NOW = "make_timestamptz({now})"
# What the product stamps is as if it wrote the row now.
OF_CHANGED = {
    "created_at": f"coalesce(held.created_at, {NOW})",
    "_batch_id": "'files {now}'",
    "_as_of": "date '{as_of}'",
    "_loaded_at": NOW,
    "_source_updated_at": NOW,
    "_deleted_at": "cast(null as timestamptz)",
}
OF_GONE = {name: OF_CHANGED[name] for name in ("_batch_id", "_as_of", "_loaded_at")} | {"_deleted_at": NOW}


@dataclass(frozen=True)
class Batch:
    """The business day that files bring, and the moment at which they are landed."""

    as_of: date
    now: datetime


def land(lake: Lake, folder: Path, batch: Batch) -> list[Landing]:
    """Land the three files of the folder.

    Raises InputError for files that cannot be used or with too many rows to reject, GuardError where too many
    rows would vanish: then nothing of that file was landed.
    """
    path = checked_folder(str(folder))
    return [landing for source in PLAYED for landing in land_file(lake, path, source, batch)]


def declared_shape(table: RawTable) -> Shape:
    """Return the shape that the table has in a warehouse whose raw was made of sources.yml."""
    types = {column.name: column.type for column in table.raw_columns}
    document = {"_document": "jsonb"} if isinstance(table, DocumentKind) else {}
    meta = {name: definition.partition(" ")[0] for name, definition in META_COLUMNS.items()}
    return Shape(table, {**types, **document, **meta})


def land_file(
    lake: Lake, folder: Path, source: PostgresTable | MongoCollection, batch: Batch
) -> list[Landing]:
    """Land the file of one source, which the folder has; errors as of `land`."""
    shapes = {table.raw: declared_shape(table) for table in source.raw_tables}
    path = folder / source.file
    is_table = isinstance(source, PostgresTable)
    came = read_csv(path, shapes[source.raw]) if is_table else read_json(path, source, shapes)
    quarantine.keep(lake, path.name, came.rejected, batch.now)
    if came.read <= len(came.rejected):
        raise InputError(
            f"{path}: none of its {came.read:,} rows can be loaded. `select * from bronze.quarantine`"
        )
    refuse_mass_rejection(str(path), came.read, came.rejected, DEFAULT_LIMITS)
    landed = {name: _land_table(lake, shape, came, batch) for name, shape in shapes.items()}
    # Documents are rejected whole: they are counted with the first of their tables.
    rejected = {next(iter(shapes)): len(came.rejected)}
    return [Landing(name, count, rejected.get(name, 0)) for name, count in landed.items()]


def _land_table(lake: Lake, shape: Shape, came: Came, batch: Batch) -> int:
    """Append what differs from silver, which is first brought up to date; return how many rows."""
    for _ in range(ATTEMPTS):
        bronze = bronze_table(lake, shape, SOURCE)
        silver.merge_table(lake, shape.table)
        with duck(lake.settings) as query:
            show(query, "held", lake.open(f"silver.{shape.name}"))
            query.register("came", came.rows[shape.name])
            query.register("kept", pa.table({"key": pa.array(sorted(came.kept), pa.string())}))
            query.execute(_changed(shape, came.rows[shape.name].column_names, batch))
            changed, gone, live = query.sql(COUNTS).fetchone()
            if not changed:
                return 0
            refuse_mass_deletion(shape.name, gone, live, DEFAULT_LIMITS)
            columns = ", ".join(map(identifier, shape.types))
            rows = query.sql(f"select {columns} from changed").to_arrow_reader(BATCH_ROWS)
            typed = (part.cast(shape.schema) for part in rows)
            landed = append(bronze, shape.name, shape.schema, typed, SOURCE, batch.now, batch.now)
            if landed is not None:
                return landed
    raise TransientError(f"bronze.{shape.name}: {ATTEMPTS} times another writer was first. Try again")


def _changed(shape: Shape, names: list[str], batch: Batch) -> str:
    """Return the statement CHANGED; `names` are the columns that came."""
    stamps = {"now": str(micros(batch.now)), "as_of": batch.as_of.isoformat()}
    of_came = {name: f"came.{identifier(name)}" for name in names}
    of_held = {name: f"held.{identifier(name)}" for name in shape.types}
    return CHANGED.format(
        changed=_columns({**of_held, **of_came, **OF_CHANGED}, shape.types, stamps),
        gone=_columns({**of_held, **OF_GONE}, shape.types, stamps),
        same_key=" and ".join(f"{of_held[name]} = {of_came[name]}" for name in shape.table.raw_key),
        first_key=identifier(shape.table.raw_key[0]),
        old=", ".join(of_held[name] for name in names),
        new=", ".join(of_came.values()),
    )


def _columns(expressions: Mapping[str, str], names: Iterable[str], stamps: Mapping[str, str]) -> str:
    return ", ".join(f"{expressions[name].format(**stamps)} as {identifier(name)}" for name in names)
