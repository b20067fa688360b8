"""A semantic model of Power BI as data; DAX and M are texts."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """A column of the star by its `source`, or one that Power BI computes by its `dax`.

    `data_type` and `format` are Power BI's. `sort_by` names the column that orders its values. An attribute
    is a level of a hierarchy, or orders another column.
    """

    name: str
    data_type: str
    description: str
    source: str | None = None
    dax: str | None = None
    is_hidden: bool = False
    is_key: bool = False
    format: str | None = None
    sort_by: str | None = None
    category: str | None = None
    is_attribute: bool = False


@dataclass(frozen=True)
class Measure:
    """A metric as Power BI shows it; measures of one folder stand together."""

    name: str
    dax: str
    description: str
    format: str
    folder: str


@dataclass(frozen=True)
class Table:
    """A table of the star, its name there is `source`. The table of the measures has none.

    A hierarchy has the names of its columns, the widest first. `dated_by` is the column of the star by
    which Power BI refreshes only the newest rows.
    """

    name: str
    description: str
    source: str | None = None
    columns: tuple[Column, ...] = ()
    measures: tuple[Measure, ...] = ()
    hierarchies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    is_calendar: bool = False
    dated_by: str | None = None

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(one for one in self.columns if one.name == name)


@dataclass(frozen=True)
class Relationship:
    """Many rows of one table point to one row of another, which filters them."""

    from_table: str
    from_column: str
    to_table: str
    to_column: str


@dataclass(frozen=True)
class Role:
    """Who has it sees of each table only the rows for which the DAX is true."""

    name: str
    filters: dict[str, str]


@dataclass(frozen=True)
class Settings:
    """What the exposure of the report says in dbt: `meta: {power_bi: …}`.

    `mode` is import or directQuery. In import mode the service keeps `keep_years` years, and brings the last
    `refresh_months` months at each refresh. `roles` names a column, and the values that have a role each.
    """

    mode: str
    keep_years: int
    refresh_months: int
    roles: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Model:
    """The whole model."""

    tables: tuple[Table, ...]
    relationships: tuple[Relationship, ...]
    roles: tuple[Role, ...]
    settings: Settings

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(one for one in self.tables if one.name == name)
