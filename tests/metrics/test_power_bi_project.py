"""The measures of the Power BI project on three stars, and what people with a role of a country see."""

import re

import pytest
from psycopg2.extensions import cursor as Cursor

from include.metrics import Condition, Definitions, Question, ask
from include.metrics.checks import fields_of_metric
from powerbi.generate.measures import LAST_MONTHS
from powerbi.generate.model import Model, Role
from powerbi.generate.roles import NOTHING, roles
from tests.conftest import Platform
from tests.metrics.conftest import as_reader
from tests.metrics.power_bi import PowerBi, power_bi
from tests.metrics.visuals import TOLERANCE, Visual, visual

FIELDS = (
    (), ("country",), ("plan",), ("device",), ("genre",), ("month",), ("session_length",), ("has_budget",),
    ("country", "plan"), ("plan", "device"), ("country", "month"), ("genre", "device"),
)  # fmt: skip
# Their rows are too many for every field.
OF_DEMO = (
    (),
    ("plan",),
    ("genre",),
    ("country",),
    ("device",),
    ("quality",),
    ("age_band",),
    ("content_type",),
    ("weekday",),
)


@pytest.fixture(scope="module")
def own(own_star: Platform, model: Model) -> PowerBi:
    with as_reader(own_star) as cursor:
        shown = power_bi(cursor, model)
    return shown


def test_every_measure_shows_the_number_of_sql_on_files_of_others(own_star, own, definitions):
    with as_reader(own_star) as cursor:
        contexts, cells = _equal_to_sql(cursor, definitions, own, FIELDS)
    print(f"files of others: {contexts:,} filter contexts, {cells:,} cells")  # noqa: T201
    assert contexts > 100
    assert cells > 1_500


@pytest.mark.nightly
def test_every_measure_shows_the_number_of_sql_on_the_demo(demo, definitions, model):
    contexts, cells = _equal_to_sql(demo, definitions, power_bi(demo, model), OF_DEMO)
    print(f"demo: {contexts:,} filter contexts, {cells:,} cells")  # noqa: T201
    assert contexts > 50
    assert cells > 1_500


@pytest.mark.parametrize("country", ["Côte d'Ivoire", "Korea, Republic of"])
def test_a_role_sees_its_country_alone(own_star, own, definitions, model, country):
    (role,) = roles(model.tables, model.relationships, {"country": (country,)})
    seen, cells = own.seen_by(role), 0
    with as_reader(own_star) as cursor:
        for fields in ((), ("plan",), ("device",), ("genre",)):
            one = _of_country(visual(cursor, definitions, ("country", *fields)), country, fields)
            assert one.differences(seen) == []
            cells += sum(map(one.numbers, one.metrics))
        _assert_nothing_else_is_seen(cursor, definitions, role, seen, country)
    print(f"role of {country}: {cells:,} cells")  # noqa: T201
    assert cells > 300


def test_roles_of_the_project_are_those_of_its_countries(model, small):
    small.execute("select distinct country from trusted.dim_users where country != 'Unknown'")
    countries = {country for (country,) in small.fetchall()}
    assert {f"Country {country}" for country in countries} <= {role.name for role in model.roles}


def test_last_months_are_the_months_that_sql_names(small, definitions, model):
    shown = power_bi(small, model)
    cards = {one.name: one for one in model.table("Metrics").measures if one.folder == LAST_MONTHS}
    assert len(cards) >= 2
    # The last day with sessions, one in a month, and the last of a month.
    for chosen, month in ((None, "2024-08"), ("2024-08-10", "2024-07"), ("2024-08-31", "2024-08")):
        days = {} if chosen is None else {"Dates.Date": _days_until(small, chosen)}
        for label in cards:
            metric = next(one for one in definitions.metrics.values() if label.startswith(f"{one.label} of"))
            question = Question((metric.name,), where=(Condition("month", "=", (month,)),))
            answered = sum(float(row[metric.name] or 0) for row in ask(small, definitions, question))
            (value,) = shown.shows([label], days)
            assert value == pytest.approx(answered, rel=TOLERANCE), (label, chosen)


def _equal_to_sql(
    cursor: Cursor, definitions: Definitions, shown: PowerBi, asked: tuple[tuple[str, ...], ...]
) -> tuple[int, int]:
    """Hold what is shown by each of the fields against SQL; count filter contexts, and cells with numbers."""
    contexts, cells = 0, 0
    for fields in asked:
        one = visual(cursor, definitions, fields)
        assert one.differences(shown) == []
        contexts, cells = contexts + len(one.rows), cells + sum(map(one.numbers, one.metrics))
    return contexts, cells


def _of_country(one: Visual, country: str, fields: tuple[str, ...]) -> Visual:
    """Return the visual by the other fields, of the country's rows: what SQL answers for the country."""
    rows = [row for row in one.rows if row["country"] == country]
    return Visual(one.definitions, fields, one.metrics, rows)


def _assert_nothing_else_is_seen(
    cursor, definitions: Definitions, role: Role, seen: PowerBi, country: str
) -> None:
    """Hold that a metric that is not told by country is of the catalogue alone, or is not shown."""
    for metric in definitions.metrics.values():
        fields = fields_of_metric(definitions, metric)
        if "country" in fields:
            continue
        (value,) = seen.shows([metric.label], {})
        if {"content_type", "title"} & fields and metric.kind == "simple":
            (row,) = ask(cursor, definitions, Question((metric.name,)))
            assert value == pytest.approx(float(row[metric.name]), rel=TOLERANCE), metric.name
        elif any(dax == NOTHING for dax in role.filters.values()) and "month" in fields:
            assert value == 0, metric.name
    for name, table in seen.tables.items():
        places = [place for place, column in enumerate(table["columns"]) if column == "Country"]
        assert {row[place] for place in places for row in table["rows"]} <= {country}, name
    assert not re.search(
        "Summary (Daily|Monthly Plan)", " ".join(n for n, t in seen.tables.items() if t["rows"])
    )


def _days_until(cursor, last: str) -> list:
    cursor.execute(
        "select cast(date as timestamp) from trusted.dim_dates where date <= %s order by date", (last,)
    )
    return [day for (day,) in cursor.fetchall()]


def test_every_source_column_is_in_trusted_with_its_type(small, model):
    small.execute(
        "select table_name, column_name, data_type, numeric_scale from information_schema.columns"
        " where table_schema = 'trusted' and table_name not like 'int%'"
    )
    there = {(table, column): _type_of(kind, scale) for table, column, kind, scale in small.fetchall()}
    asked = {
        (table.source, column.source): column.data_type
        for table in model.tables
        for column in table.columns
        if table.source and column.source
    }
    assert len(asked) > 150
    assert {key: kind for key, kind in asked.items() if there.get(key) != kind} == {}


def _type_of(kind: str, scale: int | None) -> str:
    if kind == "numeric":
        return "decimal" if scale <= 4 else "double"
    return {
        "bigint": "int64",
        "integer": "int64",
        "text": "string",
        "boolean": "boolean",
        "date": "dateTime",
        "timestamp without time zone": "dateTime",
    }[kind]
