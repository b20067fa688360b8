"""A Power BI project as text, from dbt's manifest and the metrics.

Data flow: manifest + definitions -> model (tables, relationships, measures, roles) -> TMDL
           model + the dashboard's pages -> visuals -> PBIR
Only development uses this package: sqlglot, by which DAX is made, is not installed where the platform runs.
"""

from powerbi.generate.project import NAME, lineage_of, project

__all__ = ["NAME", "lineage_of", "project"]
