"""Which table of the star holds which raw table: what must have the same figures on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg2.sql import SQL, Composed, Identifier

from include.ops.fingerprint import live_rows, numbers
from include.tables import RawTable

# Every number with a fraction has two decimals in the star.
DECIMALS = 2


@dataclass(frozen=True)
class StarTable:
    """The rows of a table of the star that hold the live rows of a raw table.

    Keys have one name on both sides. `columns` are raw's numbers by name, each with its name in the star.
    """

    name: str
    where: str
    columns: Mapping[str, str]

    def rows(self, raw: RawTable, schema: str) -> Composed:
        """Return the star's rows under raw's names, as what follows `from`."""
        renamed = [
            SQL("{} as {}").format(Identifier(there), Identifier(here))
            for here, there in self.columns.items()
        ]
        return SQL("(select {columns} from {table} where {where}) as star").format(
            columns=SQL(", ").join([*map(Identifier, raw.raw_key), *renamed]),
            table=Identifier(schema, self.name),
            where=SQL(self.where),
        )


_TITLE = {"rating": "rating", "production_budget": "production_budget"}
_AVAILABLE = "is_available and not is_inferred and content_type = "

# By raw table. The arrays of documents are not here: the star drops repeated and unknown genres.
STAR = {
    "postgres_viewing_sessions": StarTable(
        "fct_viewing_sessions",
        where="true",
        columns={
            "watch_duration_minutes": "watch_duration_minutes",
            "completion_percentage": "completion_percentage",
        },
    ),
    "postgres_users": StarTable(
        "dim_users",
        where="is_current and not is_inferred and user_key != -1",
        columns={"age": "age", "total_watch_time_hours": "total_watch_time_hours"},
    ),
    "mongo_movies": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'movie'",
        columns={
            "duration_minutes": "duration_minutes",
            "release_year": "release_year",
            "views_count": "catalogue_views",
            **_TITLE,
        },
    ),
    "mongo_series": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'series'",
        columns={
            "seasons": "seasons",
            "avg_episode_duration": "avg_episode_duration_minutes",
            "total_views": "catalogue_views",
            **_TITLE,
        },
    ),
}


def rounded_rows(table: RawTable) -> Composed:
    """Return raw's live rows with the star's decimals, as what follows `from`."""
    types = {column.name: column.type for column in table.raw_columns}
    values = [
        SQL("round({0}, {1}) as {0}" if types[name] == "numeric" else "{0}").format(
            Identifier(name), SQL(str(DECIMALS))
        )
        for name in numbers(table)
    ]
    columns = SQL(", ").join([*map(Identifier, table.raw_key), *values])
    return SQL("(select {} from {}) as rounded").format(columns, live_rows(table))
