"""Ask the lake as readers see it: DuckDB over the versions of one publication.

Data flow: publication -> version of each table that the query names -> DuckDB -> rows as text.
"""

from collections.abc import Iterable, Iterator, Mapping

import duckdb

from include.errors import InputError, PublicationError
from lakehouse.duck import duck, identifier, show
from lakehouse.lake import Lake, Version
from lakehouse.publications import Publication, current, publication_at
from lakehouse.views import views

# dbt builds the star in one schema, and readers know it by another, as in the warehouse.
SHOWN = {"trusted_next": "trusted"}
ROWS_AT_ONCE = 10_000


def seen_by_readers(lake: Lake, as_of: Version | None = None) -> Publication:
    """Return the present publication, one by its number, or that of a time.

    Raises PublicationError where there is no such one, or none yet.
    """
    if as_of is not None:
        return publication_at(lake, as_of)
    if not (seen := current(lake)).number:
        raise PublicationError("Nothing is published yet: `make lake` brings the first publication")
    return seen


def shown_name(table: str) -> str:
    """Return the name by which readers know a table of the lake."""
    schema, _, name = table.partition(".")
    return f"{SHOWN.get(schema, schema)}.{name}"


def ask(lake: Lake, query: str, as_of: Version | None = None) -> Iterator[tuple[str | None, ...]]:
    """Yield the names of the answer's columns, then its rows, every value as text and None for null.

    All tables are of one publication. Raises InputError with DuckDB's words for a query that it refuses.
    """
    versions = seen_by_readers(lake, as_of).versions
    wanted = {name: sql for name, sql in views().items() if name in query.lower()}
    with duck(lake.settings) as connection:
        _register(connection, lake, _named([query, *wanted.values()], versions))
        for name, sql in wanted.items():
            connection.execute(f"create view trusted.{name} as {sql}")
        try:
            answer = connection.sql(query)
            if answer is None:
                raise InputError(
                    "The lake is only read here: Q is a query, as select * from trusted.dim_dates limit 3"
                )
            yield tuple(answer.columns)
            texts = answer.project(
                ", ".join(f"cast({identifier(name)} as varchar)" for name in answer.columns)
            )
            while rows := texts.fetchmany(ROWS_AT_ONCE):
                yield from rows
        except duckdb.Error as error:
            raise InputError(str(error)) from None


def _named(queries: Iterable[str], versions: Mapping[str, int]) -> dict[str, int]:
    """Return the tables whose names stand in a query: only their logs must be read."""
    text = " ".join(queries).lower()
    return {table: version for table, version in versions.items() if table.partition(".")[2].lower() in text}


def _register(connection: duckdb.DuckDBPyConnection, lake: Lake, versions: Mapping[str, int]) -> None:
    for table, version in versions.items():
        schema, _, name = shown_name(table).partition(".")
        connection.execute(f"create schema if not exists {identifier(schema)}")
        show(connection, f"{identifier(schema)}.{identifier(name)}", lake.open(table, version))
