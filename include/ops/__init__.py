"""Records of what the platform did: a module for each table of the schemas ops and quarantine.

In: figures of a load, a dbt run or a publication. Out: rows that people and later runs read.
"""

from include.ops.fingerprint import Fingerprint
from include.ops.load_runs import Load, record_load
from include.ops.publications import Publication, current_publication
from include.ops.quarantine import store_rejected
from include.ops.schema_changes import SchemaChange, record_changes

__all__ = [
    "Fingerprint",
    "Load",
    "Publication",
    "SchemaChange",
    "current_publication",
    "record_changes",
    "record_load",
    "store_rejected",
]
