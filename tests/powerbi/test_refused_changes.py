"""A change that Power BI would refuse or show wrongly ends with a sentence that says where."""

import re
from dataclasses import replace

import pytest

from dashboard.pages import Chart
from include.errors import InputError
from include.manifest import Table as StarTable
from include.metrics import Definitions
from include.metrics.dax_columns import CalculatedColumn, calculated_columns
from include.metrics.definitions import Dimension
from powerbi.generate import lineage_of
from powerbi.generate.columns import Uses, columns
from powerbi.generate.measures import measure_table
from powerbi.generate.report import pages
from powerbi.generate.report.charts import chart

NO_USES = Uses((), (), None, (), (), {}, ())


def changed(definitions: Definitions, **changes: object) -> Definitions:
    """Return the definitions with another metric of watched hours."""
    metric = replace(definitions.metrics["watch_hours"], **changes)
    return replace(definitions, metrics=definitions.metrics | {"watch_hours": metric})


def with_dimension(definitions: Definitions, sql: str) -> list[CalculatedColumn]:
    """Return the calculated columns of a star whose users have one more dimension."""
    model = definitions.models["user_versions"]
    model = replace(model, dimensions=model.dimensions | {"band": Dimension("band", sql)})
    found = calculated_columns(replace(definitions, models=definitions.models | {model.name: model}))
    return [one for one in found if one.name == "Band"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Chart("x", "pie", ("sessions",), ("country",)), "The chart x cannot be a visual: pie"),
        (Chart("x", "bars", ("sessions",), ("country", "plan")), "1 metrics, 2 fields"),
        (Chart("x", "lines", ("sessions", "watch_hours"), ("month",)), "2 metrics, 1 fields"),
        (Chart("x", "lines", ("sessions",), ("country", "plan", "month")), "3 fields"),
        (Chart("x", "dots", ("sessions",), ("title", "rating"), against="budget"), "against budget"),
        (Chart("x", "lines", ("sessions",), ("quarter",)), "No column of dim_dates is a quarter"),
        (Chart("x", "lines", ("stickiness",), ("time",)), "stickiness is a number of one day"),
        (Chart("x", "bars", ("sessions",), ("genre",)), "ask for genre_sessions"),
        (Chart("x", "bars", ("nope",), ("country",)), "There is no metric 'nope'"),
    ],
)
def test_a_chart_that_a_visual_cannot_show_is_refused(definitions, given, said):
    with pytest.raises(InputError, match=said):
        chart(definitions, given)


@pytest.mark.parametrize("label", ["Hours [all]", "Hours ]"])
def test_the_lineage_reads_labels_with_brackets(manifest, definitions, label):
    minutes = replace(definitions.metrics["watch_minutes"], label=label)
    edges, _ = lineage_of(
        manifest, replace(definitions, metrics=definitions.metrics | {"watch_minutes": minutes})
    )
    assert edges["[Watch hours]"] >= {f"[{label}]", "metric watch_hours"}


def test_the_lineage_reads_names_and_no_texts_of_dax_by_hand(manifest, definitions):
    by_hand = {"dax": "IF ( MAX ( Dates[Year] ) > 0, \"no [field] of 'Dates'\" )"}
    meta = definitions.metrics["watch_hours"].meta | by_hand
    edges, _ = lineage_of(manifest, changed(definitions, meta=meta))
    assert edges["[Watch hours]"] == {"Dates[Year]", "metric watch_hours"}


@pytest.mark.parametrize(
    ("name", "said"), [("stickiness", "is a number of one day"), ("nope", "There is no metric 'nope'")]
)
def test_a_card_is_of_a_metric_that_many_days_have(definitions, name, said):
    with pytest.raises(InputError, match=said):
        measure_table(definitions, [name])


def test_two_charts_of_a_page_have_two_names(definitions, monkeypatch):
    first, *rest = pages.dashboard.PAGES
    twice = replace(first, charts=(*first.charts, replace(first.charts[1], name=first.charts[0].name)))
    monkeypatch.setattr(pages.dashboard, "PAGES", (twice, *rest))
    with pytest.raises(InputError, match="2 charts of the page users are called countries"):
        pages.pages(definitions, {pages.FRESHNESS: [], pages.EVENTS: []})


@pytest.mark.parametrize("meta", [{"folder": "Use"}, {"format": "0.0"}, {"format": 0, "folder": "Use"}])
def test_a_metric_without_format_or_folder_is_named(definitions, meta):
    with pytest.raises(InputError, match=r"watch_hours has no (format|folder) in its meta"):
        measure_table(changed(definitions, meta=meta), [])


def test_a_share_keeps_its_places(definitions):
    meta = {"format": "0.00%", "folder": "Viewing"}
    found = {one.name: one.format for one in measure_table(changed(definitions, meta=meta), []).measures}
    assert found["Watch hours"] == "#,0.00%;-#,0.00%;#,0.00%"
    assert found["Retention"] == "#,0.0%;-#,0.0%;#,0.0%"


def test_a_type_that_is_not_known_is_named_with_its_column():
    star = StarTable("dim_plans", {"plan": "text", "added": "timestamptz"}, (), {})
    with pytest.raises(InputError, match=r"dim_plans\.added is timestamptz"):
        columns(star, {"plan": "", "added": ""}, NO_USES, [])


@pytest.mark.parametrize("kind", ["numeric(10,2)", "numeric(10, 2)"])
def test_a_number_may_be_written_without_a_blank(kind):
    (column,) = columns(StarTable("dim_plans", {"price": kind}, (), {}), {"price": ""}, NO_USES, [])
    assert (column.data_type, column.format) == ("decimal", "#,0.00")


def test_the_same_text_of_two_branches_has_one_place(definitions):
    sql = "case when age < 18 then 'a' when age < 30 then 'b' when age < 40 then 'a' else 'c' end"
    (column,) = with_dimension(definitions, sql)
    assert re.findall(r", (\d)", column.order) == ["1", "2", "1", "4"]


def test_what_is_no_constant_has_no_place(definitions):
    (column,) = with_dimension(definitions, "case when age < 18 then 'Young' else country end")
    assert column.order is None


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("upper(country)", "user_versions: band cannot be a column: `UPPER"),
        ("age * 2", "user_versions: band is no text: make it a column of dim_users"),
        ("case when age < 18 then 1 else 2 end", "band is no text"),
    ],
)
def test_a_dimension_that_cannot_be_a_column_is_named(definitions, sql, said):
    with pytest.raises(InputError, match=said):
        with_dimension(definitions, sql)
