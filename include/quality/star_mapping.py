"""The table of the star for each raw table, and the columns whose sums must be equal in both."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.sql import SQL, Composed, Identifier

from include.ops.fingerprint import live_rows, numbers
from include.specs import RawTable
from include.tables import PLAYED, raw_tables_of

# The star has two decimals for every number that may have a fraction.
DECIMALS = 2


@dataclass(frozen=True)
class StarTable:
    """A table of the star; its rows `where` the condition holds are the live rows of a raw table.

    The key has the same name in both. `columns` maps the names of raw's numbers to their names in the star.
    """

    name: str
    where: str
    columns: Mapping[str, str]

    def rows(self, raw: RawTable, schema: str) -> Composed:
        """Return the `from` item for the star's rows, with raw's column names."""
        renamed = [
            SQL("{} as {}").format(Identifier(there), Identifier(here))
            for here, there in self.columns.items()
        ]
        return SQL("(select {columns} from {table} where {where}) as star").format(
            columns=SQL(", ").join([*map(Identifier, raw.raw_key), *renamed]),
            table=Identifier(schema, self.name),
            where=SQL(self.where),
        )


def _same(*names: str) -> dict[str, str]:
    """Map names that are equal in raw and star."""
    return dict(zip(names, names, strict=True))


_TITLE = _same("rating", "production_budget")
_SERIES = {"avg_episode_duration": "avg_episode_duration_minutes", "total_views": "catalogue_views"}
_AVAILABLE = "is_available and not is_inferred and content_type ="

# Other systems may have tables of these names, and reach the star by models of their own.
PRODUCT = frozenset(raw_tables_of(PLAYED))
# By raw table. Arrays of documents are not mapped: the star has no repeated or unknown genres.
STAR = {
    "postgres_viewing_sessions": StarTable(
        "fct_viewing_sessions",
        where="true",
        columns=_same("watch_duration_minutes", "completion_percentage"),
    ),
    "postgres_users": StarTable(
        "dim_users",
        where="is_current and not is_inferred and user_key != -1",
        columns=_same("age", "total_watch_time_hours"),
    ),
    "mongo_movies": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'movie'",
        columns=_same("duration_minutes", "release_year") | {"views_count": "catalogue_views"} | _TITLE,
    ),
    "mongo_series": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'series'",
        columns=_same("seasons") | _SERIES | _TITLE,
    ),
}


def star_of(table: RawTable) -> StarTable | None:
    """Return the table of the star that has the same rows; none for what is not the product's."""
    return STAR.get(table.raw) if table.raw in PRODUCT else None


def rounded_rows(table: RawTable) -> Composed:
    """Return the `from` item for raw's live rows, rounded to the star's decimals."""
    types = {column.name: column.type for column in table.raw_columns}
    values = [
        SQL("round({column}, {decimals}) as {column}" if types[name] == "numeric" else "{column}").format(
            column=Identifier(name), decimals=SQL(str(DECIMALS))
        )
        for name in numbers(table)
    ]
    columns = SQL(", ").join([*map(Identifier, table.raw_key), *values])
    return SQL("(select {} from {}) as rounded").format(columns, live_rows(table))
