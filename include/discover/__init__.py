"""Propose entries for sources.yml: read the catalogues of a source, guess, and say why and how sure that is.

Data flow: PostgreSQL's catalogue, or a scan of MongoDB's collections -> Proposal -> YAML with comments.
"""

from include.discover.entries import yaml_of
from include.discover.mongo import discover_collections
from include.discover.postgres import discover_tables

__all__ = ["discover_collections", "discover_tables", "yaml_of"]
