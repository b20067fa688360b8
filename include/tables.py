"""The one list of tables: what the files hold, where it is seeded, where it lands in raw.

Data flow: FILE -> source system (PostgreSQL table or MongoDB collection) -> raw table.
Adding a table is one entry here, one generator and one dbt staging model.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

# What the loader adds to every raw table.
META_COLUMNS = {
    "_batch_id": "text not null",
    "_as_of": "date not null",
    "_loaded_at": "timestamptz not null",
    "_source_updated_at": "timestamptz",
    "_deleted_at": "timestamptz",
}

# The largest value of each type for whole numbers.
LARGEST = {"integer": 2**31 - 1, "bigint": 2**63 - 1}
NUMBERS = {*LARGEST, "numeric"}


@dataclass(frozen=True)
class Column:
    """A value that the platform knows: its PostgreSQL type, and what makes a row unloadable.

    `minimum` and `maximum` are inclusive. A value outside them, or none where `required`,
    sends its row to quarantine.
    """

    name: str
    # Declared: text, integer, bigint, numeric, date or timestamptz; of a column that a source added, any.
    type: str
    required: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None

    @property
    def is_whole(self) -> bool:
        return self.type in LARGEST

    @property
    def largest(self) -> float | str | None:
        """The largest value: the column's own bound, else what its type holds."""
        return self.maximum if self.maximum is not None else LARGEST.get(self.type)


# Dates outside this range are typing mistakes; they would also stretch the calendar over centuries.
EARLIEST_DATE, LATEST_DATE = "1900-01-01", "2100-12-31"


def _date(name: str) -> Column:
    return Column(name, "date", required=True, minimum=EARLIEST_DATE, maximum=LATEST_DATE)


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How a source is read: only what changed since the last load, or whole each time.

    `full_refresh` compares every row: for what is small, or has no stamp to rely on. With `deletes="never"`
    a row that is gone from the source stays in raw as it was.
    """

    name: str
    key: str
    strategy: Literal["incremental", "full_refresh"] = "incremental"
    deletes: Literal["sweep", "never"] = "sweep"
    watermark: str | None = "updated_at"
    # Read again before the watermark.
    overlap: timedelta

    def __post_init__(self) -> None:
        if self.strategy == "incremental" and not self.watermark:
            raise ValueError(f"{self.name}: an incremental load needs a watermark; else declare full_refresh")

    @property
    def is_incremental(self) -> bool:
        return self.strategy == "incremental"


@dataclass(frozen=True, kw_only=True)
class PostgresTable(Extraction):
    """A table of the PostgreSQL source, fed by one CSV file and loaded into one raw table."""

    columns: tuple[Column, ...]
    # For applications whose clock runs behind the database's.
    overlap: timedelta = timedelta(minutes=1)

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def raw(self) -> str:
        return f"postgres_{self.name}"

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        return (*self.columns, Column("created_at", "timestamptz"))

    @property
    def raw_key(self) -> tuple[str, ...]:
        return (self.key,)


@dataclass(frozen=True)
class Array:
    """An array inside a document; each element becomes a row of a raw child table.

    The child has the document's `key`, the element's place from 1 on, and the element.
    """

    field: str
    raw: str
    key: Column
    position: str
    element: Column

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        position = Column(self.position, "integer", required=True)
        return (self.key, position, self.element)

    @property
    def raw_key(self) -> tuple[str, ...]:
        return (self.key.name, self.position)


@dataclass(frozen=True)
class DocumentKind:
    """One kind of document of a collection: an array of the JSON file, a raw parent, its children.

    `tag` is the value of the collection's discriminator in such documents; the first column is their key.
    """

    name: str
    tag: str
    columns: tuple[Column, ...]
    arrays: tuple[Array, ...]

    @property
    def fields(self) -> set[str]:
        """The fields of such a document that are declared: columns and arrays."""
        return {column.name for column in self.columns} | {array.field for array in self.arrays}

    @property
    def raw(self) -> str:
        return f"mongo_{self.name}"

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        return self.columns

    @property
    def raw_key(self) -> tuple[str, ...]:
        return (self.columns[0].name,)


@dataclass(frozen=True, kw_only=True)
class MongoCollection(Extraction):
    """A collection of the MongoDB source, fed by one JSON file and loaded into several raw tables.

    `discriminator` is the field that says of which kind a document is.
    """

    discriminator: str
    kinds: tuple[DocumentKind, ...]
    # MongoDB ends a transaction after a minute, so nothing older can still become visible.
    overlap: timedelta = timedelta(minutes=2)

    @property
    def file(self) -> str:
        return f"{self.name}.json"

    @property
    def raw(self) -> str:
        """The name under which its loads and rejected documents are recorded."""
        return f"mongo_{self.name}"

    @property
    def managed_fields(self) -> tuple[str, ...]:
        """The fields that the platform sets itself when it plays the product."""
        return ("_id", self.discriminator, "created_at", "updated_at")

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays of all kinds; one that two kinds share comes once."""
        return tuple({array.raw: array for kind in self.kinds for array in kind.arrays}.values())

    @property
    def raw_tables(self) -> tuple[DocumentKind | Array, ...]:
        """The raw tables that the collection fills, parents first."""
        return (*self.kinds, *self.arrays)


USERS = PostgresTable(
    name="users",
    key="user_id",
    strategy="incremental",
    deletes="sweep",
    columns=(
        Column("user_id", "text", required=True),
        Column("age", "integer", minimum=0, maximum=130),
        Column("country", "text"),
        Column("subscription_type", "text"),
        _date("registration_date"),
        Column("total_watch_time_hours", "numeric", minimum=0, maximum=99_999_999),
    ),
)

VIEWING_SESSIONS = PostgresTable(
    name="viewing_sessions",
    key="session_id",
    strategy="incremental",
    deletes="sweep",
    columns=(
        Column("session_id", "text", required=True),
        Column("user_id", "text"),
        Column("content_id", "text"),
        _date("watch_date"),
        Column("watch_duration_minutes", "numeric", required=True, minimum=0, maximum=99_999_999),
        Column("completion_percentage", "numeric", required=True, minimum=0, maximum=100),
        Column("device_type", "text"),
        Column("quality_level", "text"),
    ),
)

_CONTENT_ID = Column("content_id", "text", required=True)
_GENRES = Array(
    field="genre",
    raw="mongo_content_genres",
    key=_CONTENT_ID,
    position="position",
    element=Column("genre", "text", required=True),
)
_SEASONS = Array(
    field="episodes_per_season",
    raw="mongo_series_seasons",
    key=_CONTENT_ID,
    position="season_number",
    element=Column("episodes", "integer", required=True, minimum=0),
)
_TITLE = Column("title", "text", required=True)
_RATING = Column("rating", "numeric", minimum=0, maximum=99)
_BUDGET = Column("production_budget", "numeric", minimum=0, maximum=10**15)

CONTENT = MongoCollection(
    name="content",
    key="content_id",
    discriminator="content_type",
    strategy="incremental",
    deletes="sweep",
    kinds=(
        DocumentKind(
            name="movies",
            tag="movie",
            columns=(
                _CONTENT_ID,
                _TITLE,
                Column("duration_minutes", "numeric", minimum=0, maximum=10**6),
                Column("release_year", "integer", minimum=1800, maximum=2200),
                _RATING,
                Column("views_count", "bigint", minimum=0),
                _BUDGET,
            ),
            arrays=(_GENRES,),
        ),
        DocumentKind(
            name="series",
            tag="series",
            columns=(
                _CONTENT_ID,
                _TITLE,
                Column("seasons", "integer", minimum=0),
                Column("avg_episode_duration", "numeric", minimum=0, maximum=10**6),
                _RATING,
                Column("total_views", "bigint", minimum=0),
                _BUDGET,
            ),
            arrays=(_GENRES, _SEASONS),
        ),
    ),
)

POSTGRES_TABLES = (USERS, VIEWING_SESSIONS)
MONGO_COLLECTIONS = (CONTENT,)
SOURCES: tuple[PostgresTable | MongoCollection, ...] = (*POSTGRES_TABLES, *MONGO_COLLECTIONS)
SOURCES_BY_NAME = {source.name: source for source in SOURCES}
# The files that feed them, for messages: "users.csv, ... and content.json".
FILES = " and ".join(", ".join(source.file for source in SOURCES).rsplit(", ", 1))

RawTable = PostgresTable | DocumentKind | Array


def raw_tables() -> dict[str, RawTable]:
    """Return every raw table by name; a child table that two kinds share comes once."""
    of_collections = (table for collection in MONGO_COLLECTIONS for table in collection.raw_tables)
    return {table.raw: table for table in (*POSTGRES_TABLES, *of_collections)}
