"""The table of the star for each raw table, and the columns that must say the same in both."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg2.sql import SQL, Composed, Identifier, Literal

from include.ops.fingerprint import Measured, live_rows
from include.rules.texts import trimmed
from include.specs import Column, RawTable
from include.tables import PLAYED, raw_tables_of

# The star has two decimals for every number that may have a fraction.
DECIMALS = 2


@dataclass(frozen=True)
class StarTable:
    """A table of the star; its rows `where` the condition holds are the live rows of a raw table.

    The key has the same name in both. `numbers` maps the names of raw's numbers to their names in the star,
    `labels` those of its texts and dates. Where there are labels, rows are compared whole, not by sums alone.
    """

    name: str
    where: str
    numbers: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> Mapping[str, str]:
        return {**self.numbers, **self.labels}

    def measured(self, raw: RawTable) -> Measured:
        """Return what is measured of its rows, by raw's column names."""
        types = {column.name: column.type for column in raw.raw_columns}
        hashed = {name: types[name] for name in (*raw.raw_key, *self.columns)} if self.labels else {}
        return Measured(raw.raw_key, list(self.numbers), hashed)

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
        # Its names and dates are compared by dbt, where months were touched
        # (assert_sessions_say_what_raw_says).
        numbers=_same("watch_duration_minutes", "completion_percentage"),
    ),
    "postgres_users": StarTable(
        "dim_users",
        where="is_current and not is_inferred and user_key != -1",
        numbers=_same("age", "total_watch_time_hours"),
        labels=_same("country", "subscription_type", "registration_date"),
    ),
    "mongo_movies": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'movie'",
        numbers=_same("duration_minutes", "release_year") | {"views_count": "catalogue_views"} | _TITLE,
        labels=_same("title"),
    ),
    "mongo_series": StarTable(
        "dim_content",
        where=f"{_AVAILABLE} 'series'",
        numbers=_same("seasons") | _SERIES | _TITLE,
        labels=_same("title"),
    ),
}


def star_of(table: RawTable) -> StarTable | None:
    """Return the table of the star that has the same rows; none for what is not the product's."""
    return STAR.get(table.raw) if table.raw in PRODUCT else None


def rows_in_its_words(star: StarTable, table: RawTable) -> Composed:
    """Return the `from` item for raw's live rows as the star says them: rounded, trimmed, Unknown."""
    values = [_in_its_words(column) for column in table.raw_columns if column.name in star.columns]
    columns = SQL(", ").join([*map(Identifier, table.raw_key), *values])
    return SQL("(select {} from {}) as in_its_words").format(columns, live_rows(table))


def _in_its_words(column: Column) -> Composed:
    """Return the expression for a value of raw as the star says it."""
    value = name = Identifier(column.name)
    if column.type == "numeric":
        value = SQL("round({}, {})").format(name, Literal(DECIMALS))
    elif column.type == "text":
        # What staging makes of a text, and a dimension of none.
        value = SQL("coalesce(nullif({}, ''), 'Unknown')").format(trimmed(name))
    return SQL("{} as {}").format(value, name)
