"""The columns of a table of the star as those of Power BI."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from include.errors import InputError
from include.manifest import Table as StarTable
from include.metrics.dax_columns import CalculatedColumn
from include.metrics.dax_names import title
from powerbi.generate.model import Column

TYPES = {
    "bigint": "int64",
    "integer": "int64",
    "text": "string",
    "boolean": "boolean",
    "date": "dateTime",
    "timestamp": "dateTime",
}
NUMERIC = re.compile(r"numeric\(\d+, ?(\d+)\)")
# Power BI's decimal numbers have four places.
PLACES = 4
FORMATS = {"date": "yyyy-mm-dd", "timestamp": "yyyy-mm-dd hh:nn"}
# A date that stands for its month.
MONTH_START = re.compile(r"(month|cohort)_start_date")
MONTH = "MMMM yyyy"
YEARS = re.compile(r"(.*_)?(year|key)")
ORDER = " Order"


@dataclass(frozen=True)
class Uses:
    """What the model does with columns of a table: names of the star, `sorted_by` with those that order them.

    `pointing` are those that point to other tables, `key` is the one that others point to; `repeated` are
    told by a table that this one points to.
    """

    pointing: Collection[str]
    pointed_to: Collection[str]
    key: str | None
    aggregated: Collection[str]
    levels: Collection[str]
    sorted_by: Mapping[str, str]
    repeated: Collection[str]


def columns(
    star: StarTable, descriptions: Mapping[str, str], uses: Uses, calculated: list[CalculatedColumn]
) -> tuple[Column, ...]:
    """Return the columns without load stamps, what is repeated, and keys that no relationship needs.

    Raises InputError for a column whose type is not known here.
    """
    related = {*uses.pointing, *uses.pointed_to}
    left_out = {
        name for name in star.types if name.startswith("_") or (_is_key(name) and name not in related)
    }
    kept = [
        name for name in star.types if name not in left_out and (name in related or name not in uses.repeated)
    ]
    for name in kept:
        _check_type(f"{star.name}.{name}", star.types[name])
    loaded = [_column(name, star.types[name], descriptions[name], uses) for name in kept]
    return (*loaded, *(made for one in calculated for made in _calculated(one)))


def _check_type(place: str, kind: str) -> None:
    if kind not in TYPES and not NUMERIC.fullmatch(kind):
        raise InputError(f"{place} is {kind}, a type that powerbi/generate/columns.py does not know")


def _column(name: str, kind: str, description: str, uses: Uses) -> Column:
    is_level = name in uses.levels
    is_order = name in uses.sorted_by.values()
    is_hidden = name in uses.pointing or name in uses.aggregated or _is_key(name) or is_order
    return Column(
        title(name),
        data_type(kind),
        description,
        source=name,
        is_hidden=is_hidden and not is_level,
        is_key=name == uses.key,
        format=_format(name, kind),
        sort_by=title(uses.sorted_by[name]) if name in uses.sorted_by else None,
        category="Country" if name == "country" else None,
        is_attribute=is_level or is_order,
    )


def data_type(kind: str) -> str:
    """Return Power BI's type of a type of PostgreSQL; a number with more than four places is a double."""
    if places := NUMERIC.fullmatch(kind):
        return "decimal" if int(places[1]) <= PLACES else "double"
    return TYPES[kind]


def _format(name: str, kind: str) -> str | None:
    if data_type(kind) == "int64":
        return "0" if YEARS.fullmatch(name) else "#,0"
    if places := NUMERIC.fullmatch(kind):
        return f"#,0.{'0' * min(int(places[1]), PLACES)}"
    return MONTH if MONTH_START.fullmatch(name) else FORMATS.get(kind)


def _is_key(name: str) -> bool:
    return name.endswith("_key")


def _calculated(given: CalculatedColumn) -> list[Column]:
    text = f"Computed by Power BI of the table's own columns, as the metrics' {given.name.lower()} is."
    order = given.name + ORDER
    made = [Column(given.name, given.data_type, text, dax=given.dax, sort_by=order if given.order else None)]
    if given.order:
        place = f"Place of {given.name} among its values."
        made.append(
            Column(order, "int64", place, dax=given.order, is_hidden=True, format="0", is_attribute=True)
        )
    return made
