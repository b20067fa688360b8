"""What can be said of a source: its tables and collections, their columns, and how they are read.

`declarations.py` makes them of the entries of sources.yml; everything else takes them from `tables.py`.
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
# What the platform itself sets in the rows and documents of the product that it plays.
PLAYED_STAMPS = ("created_at", "updated_at")

# The largest value of each type for whole numbers.
LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
NUMBERS = {*LARGEST, "numeric"}
# After how long without a change dbt warns that a source may have stopped; "none": it never does.
FRESHNESS = "36 hours"
# A document's value of such a type is kept as text: an id's digits, any value's canonical extended JSON.
KEPT_AS_TEXT = {"objectid", "extended_json"}
# How many bytes the texts of a key have together: an index of PostgreSQL takes entries of 2,704 bytes.
LONGEST_KEY = 2000


@dataclass(frozen=True)
class Column:
    """A value that the platform knows: its PostgreSQL type, and what makes a row unloadable.

    `minimum` and `maximum` are inclusive, and so is `max_bytes`, the length of the longest text in UTF-8.
    A value outside them, or none where `required`, sends its row to quarantine. Of a document, `path` says
    where the value is (`address.city`; None: in the field of this name), and `bson` which type it has there
    when that is not `type`.
    """

    name: str
    # Declared: one of sources.schema.json; of a column that a source added, any.
    type: str
    required: bool = False
    minimum: float | str | None = None
    maximum: float | str | None = None
    max_bytes: int | None = None
    personal: bool = False
    path: str | None = None
    bson: str | None = None

    @property
    def is_whole(self) -> bool:
        return self.type in LARGEST

    @property
    def largest(self) -> float | str | None:
        """The largest value: the column's own bound, else what its type holds."""
        return self.maximum if self.maximum is not None else LARGEST.get(self.type)

    @property
    def smallest(self) -> float | str | None:
        """The smallest value: the column's own bound, else what its type holds."""
        return self.minimum if self.minimum is not None or not self.is_whole else -LARGEST[self.type] - 1

    @property
    def has_rules(self) -> bool:
        """Whether a value of the right type can be wrong."""
        return self.required or any(
            bound is not None for bound in (self.minimum, self.maximum, self.max_bytes)
        )


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How a source is read: only what changed since the last load, or whole each time.

    `server` is the id of an Airflow connection. `full_refresh` compares every row: for what is small, or has
    no stamp to rely on. With `deletes="never"` a row that is gone from the source stays in raw as it was.
    """

    name: str
    server: str
    strategy: Literal["incremental", "full_refresh"] = "incremental"
    deletes: Literal["sweep", "never"] = "sweep"
    watermark: str | None = "updated_at"
    # Read again before the watermark.
    overlap: timedelta
    # The file from which the platform seeds it; None: the source is somebody else's, and only read.
    file: str | None = None
    description: str = ""
    freshness: str = FRESHNESS

    def __post_init__(self) -> None:
        if self.strategy == "incremental" and not self.watermark:
            raise ValueError(f"{self.name}: an incremental load needs a watermark; else declare full_refresh")

    @property
    def is_incremental(self) -> bool:
        return self.strategy == "incremental"


# The key of a table that has none: what a row says, and which of several equal rows it is.
ROW_HASH = (Column("_row_hash", "uuid", required=True), Column("_row_copy", "integer", required=True))
ROW_KEY = tuple(column.name for column in ROW_HASH)
# Names that raw, and a load or a comparison within its statements, need themselves.
TAKEN_NAMES = {*META_COLUMNS, *ROW_KEY}
TAKEN_NAMES |= {"_was_live", "_left_out_key", "_compared_key", "_compared_row"}
# Every table has columns of these names, which a view may give to its own.
SYSTEM_NAMES = {"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"}
TAKEN_NAMES |= SYSTEM_NAMES
# Of a table that the platform seeds also those that say where a row stands in its file.
SEED_NAMES = {"line", "first_line"}


@dataclass(frozen=True, kw_only=True)
class PostgresTable(Extraction):
    """A table or view of a PostgreSQL server, loaded into one raw table.

    Without a `key` a row is known by the hash of its values. Columns that are not declared are loaded as they
    come, but for those to `leave`; with `follows=False` only the declared ones are.
    """

    key: tuple[str, ...]
    columns: tuple[Column, ...]
    server: str = "source_postgres"
    schema: str = "public"
    table: str = ""
    raw: str = ""
    leave: frozenset[str] = frozenset()
    follows: bool = True
    # The zone of a watermark whose type has none.
    time_zone: str | None = None
    # For applications whose clock runs behind the database's.
    overlap: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "table", self.table or self.name)
        object.__setattr__(self, "raw", self.raw or f"postgres_{self.name}")

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        return self.columns if self.key else (*ROW_HASH, *self.columns)

    @property
    def raw_key(self) -> tuple[str, ...]:
        return self.key or ROW_KEY

    @property
    def raw_tables(self) -> "tuple[PostgresTable]":
        """The raw tables that it fills: itself, as a collection fills those of its kinds and arrays."""
        return (self,)

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns of the CSV file, which are those that the platform does not set itself."""
        return tuple(column for column in self.columns if column.name not in PLAYED_STAMPS)

    @property
    def file_key(self) -> str:
        """The column that tells the rows of the CSV file apart: a table that is seeded has one."""
        (key,) = self.key
        return key


@dataclass(frozen=True)
class Array:
    """An array inside a document; each element becomes a row of a raw child table.

    The child has the document's `key`, the element's place from 1 on, and what is taken of the element:
    itself (`path=""`), or the fields of an object.
    """

    field: str
    raw: str
    key: Column
    position: str
    elements: tuple[Column, ...]
    description: str = ""
    freshness: str = FRESHNESS

    @property
    def is_of_objects(self) -> bool:
        return self.elements[0].path != ""

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        position = Column(self.position, "integer", required=True)
        return (self.key, position, *self.elements)

    @property
    def raw_key(self) -> tuple[str, ...]:
        return (self.key.name, self.position)


@dataclass(frozen=True)
class DocumentKind:
    """One kind of document of a collection: an array of the JSON file, a raw parent, its children.

    `tag` is the value of the collection's discriminator in such documents; the first column is their key.
    """

    name: str
    raw: str
    tag: str | None
    columns: tuple[Column, ...]
    arrays: tuple[Array, ...] = ()
    description: str = ""
    freshness: str = FRESHNESS

    @property
    def fields(self) -> set[str]:
        """The fields of such a document that are declared: columns and arrays."""
        of_columns = {(column.path or column.name).partition(".")[0] for column in self.columns}
        return of_columns | {array.field.partition(".")[0] for array in self.arrays}

    @property
    def raw_columns(self) -> tuple[Column, ...]:
        return self.columns

    @property
    def raw_key(self) -> tuple[str, ...]:
        return (self.columns[0].name,)


@dataclass(frozen=True, kw_only=True)
class MongoCollection(Extraction):
    """A collection of a MongoDB server, loaded into several raw tables.

    `discriminator` is the field that says of which kind a document is; a collection of one kind has none.
    """

    key: str
    kinds: tuple[DocumentKind, ...]
    discriminator: str | None = None
    server: str = "source_mongo"
    collection: str = ""
    # MongoDB ends a transaction after a minute, so nothing older can still become visible.
    overlap: timedelta = timedelta(minutes=2)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "collection", self.collection or self.name)

    @property
    def raw(self) -> str:
        """The name under which its loads and rejected documents are recorded."""
        return f"mongo_{self.name}"

    @property
    def key_column(self) -> Column:
        """The key, which is the first column of every kind."""
        return self.kinds[0].columns[0]

    @property
    def managed_fields(self) -> tuple[str, ...]:
        """The fields that the platform sets itself when it plays the product."""
        return tuple(name for name in ("_id", self.discriminator, *PLAYED_STAMPS) if name)

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays of all kinds; one that two kinds share comes once."""
        return tuple({array.raw: array for kind in self.kinds for array in kind.arrays}.values())

    @property
    def raw_tables(self) -> tuple[DocumentKind | Array, ...]:
        """The raw tables that the collection fills, parents first."""
        return (*self.kinds, *self.arrays)


RawTable = PostgresTable | DocumentKind | Array
