"""The gate before gold: silver is what bronze says, row for row, and no table is empty.

Data flow: newest row of each key in bronze <-> row of silver -> GuardError where they differ.
"""

from include.errors import DataQualityError, InputError
from include.specs import RawTable
from include.tables import raw_tables
from lakehouse.duck import duck, identifier, show
from lakehouse.lake import Lake

# Of what came, and of what is held: rows that the other has not, and rows that are not deleted.
DIFFERENCES = """
with wanted as (
    select {columns} from landed
    qualify row_number() over (partition by {key} order by _loaded_at desc) = 1
),
current_rows as (select {columns} from held)
select
    (select count(*) from (from wanted except all from current_rows)),
    (select count(*) from (from current_rows except all from wanted)),
    (select count(*) from current_rows where _deleted_at is null)
"""


def check(lake: Lake) -> dict[str, int]:
    """Return the live rows of every silver table.

    Raises DataQualityError for a table that is not what bronze says, InputError for one without live rows.
    """
    return {table.raw: _live_rows(lake, table) for table in raw_tables().values()}


def _live_rows(lake: Lake, table: RawTable) -> int:
    bronze, silver = (lake.open(f"{layer}.{table.raw}") for layer in ("bronze", "silver"))
    columns = ", ".join(identifier(field.name) for field in silver.schema().fields)
    key = ", ".join(map(identifier, table.raw_key))
    with duck(lake.settings) as query:
        show(query, "landed", bronze)
        show(query, "held", silver)
        missing, added, live = query.sql(DIFFERENCES.format(columns=columns, key=key)).fetchone()
    if missing or added:
        raise DataQualityError(
            f"silver.{table.raw} lacks {missing:,} rows of bronze, and has {added:,} that bronze has not."
            " Nothing was built: `make lake-history` shows why, and `make lake-restore` mends it"
        )
    if not live:
        raise InputError(f"silver.{table.raw} has no live row, so there is nothing to build the star of")
    return live
