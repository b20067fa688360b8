"""What each column is made from: file -> source -> raw -> staging … trusted.

Data flow: sources.yml -> edges into raw (sources). SQL that dbt compiled (compiled) -> what each column of a
query is made from (query) -> edges into all models (columns) -> walks along them (paths). Only development
uses this package: sqlglot is not installed where the platform runs.

A column is written schema.table.column: `trusted.dim_users.age_band`. An edge is of values: what is joined,
filtered or grouped by makes none. The column `*` stands for the rows, which is what count(*) counts.
"""

from include.lineage.columns import column_lineage
from include.lineage.compiled import compiled_models
from include.lineage.paths import Edges, downstream, listed, upstream
from include.lineage.sources import file_lineage, raw_columns, source_lineage

__all__ = [
    "Edges",
    "column_lineage",
    "compiled_models",
    "downstream",
    "file_lineage",
    "listed",
    "raw_columns",
    "source_lineage",
    "upstream",
]
