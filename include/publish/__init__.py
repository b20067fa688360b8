"""Publish a star: readers get all its tables at once, or the previous version again.

In: a star that dbt built and tested in trusted_next. Out: the schema trusted, and a row in ops.publications.
"""

from include.publish.swap import publish, rollback

__all__ = ["publish", "rollback"]
