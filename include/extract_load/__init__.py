"""Copy what changed in the source systems into the schema raw, one transaction for each source table.

In: PostgreSQL tables and MongoDB collections. Out: raw tables, their watermarks and a row of ops.load_runs,
committed together.
"""

from include.extract_load.loading import load_collection, load_table

__all__ = ["load_collection", "load_table"]
