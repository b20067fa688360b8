"""What the reader sees of the sources, in plain words, and what an administrator runs for what is missing.

Data flow: catalogues of a source -> findings -> sentences and statements. Nothing is written anywhere.
"""

from include.check_sources.findings import Finding, Report, missing, one_line
from include.check_sources.mongo import check_mongo
from include.check_sources.postgres import check_postgres
from include.check_sources.remedies import reader_of_collections, reader_of_tables

__all__ = [
    "Finding",
    "Report",
    "check_mongo",
    "check_postgres",
    "missing",
    "one_line",
    "reader_of_collections",
    "reader_of_tables",
]
