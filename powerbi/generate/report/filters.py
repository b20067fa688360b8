"""Filters of single visuals. Format: schemas filterConfiguration 1.3.0 and semanticQuery 1.4.0."""

from dataclasses import dataclass

from powerbi.generate.report.fields import Field

DESCENDING = 2


@dataclass(frozen=True)
class Filter:
    """A filter on a field; `content` is what PBIR has of it, but for its name."""

    field: Field
    content: dict


def only(field: Field, value: bool) -> Filter:
    """Return the filter that keeps the rows with the value."""
    source = {"Name": "t", "Entity": field.table, "Type": 0}
    values = [[{"Literal": {"Value": str(value).lower()}}]]
    condition = {"In": {"Expressions": [field.of({"Source": "t"})], "Values": values}}
    return _filter(field, "Categorical", [source], condition)


def most(field: Field, by: Field, count: int) -> Filter:
    """Return the filter that keeps the values of the field with the largest measures, so many."""
    source = {"Name": "t", "Entity": field.table, "Type": 0}
    measured = {"Name": "m", "Entity": by.table, "Type": 0}
    query = {
        "Version": 2,
        "From": [source, measured],
        "Select": [field.of({"Source": "t"}) | {"Name": "field"}],
        "OrderBy": [{"Direction": DESCENDING, "Expression": by.of({"Source": "m"})}],
        "Top": count,
    }
    largest = {"Name": "largest", "Expression": {"Subquery": {"Query": query}}, "Type": 2}
    condition = {
        "In": {"Expressions": [field.of({"Source": "t"})], "Table": {"SourceRef": {"Source": "largest"}}}
    }
    return _filter(field, "TopN", [largest, source], condition)


def _filter(field: Field, kind: str, sources: list[dict], condition: dict) -> Filter:
    content = {
        "field": field.expression,
        "type": kind,
        "filter": {"Version": 2, "From": sources, "Where": [{"Condition": condition}]},
        "howCreated": "User",
    }
    return Filter(field, content)
