"""Metrics as DAX: how they are written, by which names, and what is refused."""

import subprocess
import sys
from dataclasses import replace

import pytest

from include.environment import ROOT
from include.errors import Untranslatable
from include.metrics import Definitions, read_definitions
from include.metrics.dax import dax, measures
from include.metrics.dax_names import Names
from include.metrics.definitions import Input, Metric, Offset

DEVICE = "{{ Dimension('device_key__device') }}"
PLAN = "{{ Dimension('user_key__plan') }}"


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


def metric(kind: str = "simple", **values: object) -> Metric:
    return Metric("odd", "Odd", "Odd.", kind, **{"measure": "sessions"} | values)


def with_measure(definitions: Definitions, **values: object) -> Definitions:
    """Return the definitions with another measure of sessions."""
    model, measure = definitions.measures["sessions"]
    model = replace(model, measures=model.measures | {"sessions": replace(measure, **values)})
    return replace(definitions, models=definitions.models | {model.name: model})


def test_every_metric_is_a_measure_by_its_label(definitions):
    assert list(measures(definitions)) == [one.label for one in definitions.metrics.values()]


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ("Sessions", "COUNTROWS ( 'Viewing Sessions' )"),
        ("Completion rate", "DIVIDE ( [Completed sessions], [Sessions] )"),
        ("Active users 30 days",
         "CALCULATE ( [Active users], DATESINPERIOD ( 'Dates'[Date], MAX ( 'Dates'[Date] ), -30, DAY ) )"),
        ("Smart TV share",
         "DIVIDE ( CALCULATE ( [Sessions],"
         " KEEPFILTERS ( 'Devices'[Device Type] = \"Smart TV\" ) ), [Sessions] )"),
        ("Production budget", "SUM ( 'Content'[Production Budget] )"),
        ("Churn rate", "DIVIDE ( [Churned users],"
         " CALCULATE ( [Subscribers], DATEADD ( 'Dates'[Date], -1, MONTH ) ) )"),
        ("Subscribers", "CALCULATE ( VAR _last_day = MAX ( 'Summary Monthly Plan Mix'[Month Start Date] )"
         " RETURN CALCULATE ( SUM ( 'Summary Monthly Plan Mix'[Users] ), KEEPFILTERS ( TREATAS"
         " ( FILTERS ( 'Users'[Subscription Type] ), 'Summary Monthly Plan Mix'[Subscription Type] ) ),"
         " 'Summary Monthly Plan Mix'[Month Start Date] = _last_day ), KEEPFILTERS"
         " ( TREATAS ( VALUES ( 'Dates'[Date] ), 'Summary Monthly Plan Mix'[Month Start Date] ) ) )"),
    ],
)  # fmt: skip
def test_metrics_are_written_as_people_would(definitions, label, written):
    assert measures(definitions)[label] == written


def test_tables_may_have_names_of_their_own(definitions):
    names = Names({"fct_viewing_sessions": "Plays", "dim_content": "Editor's titles"})
    written = measures(definitions, names)
    assert written["Sessions"] == "COUNTROWS ( 'Plays' )"
    assert written["Production budget"] == "SUM ( 'Editor''s titles'[Production Budget] )"


def test_dax_by_hand_is_taken_as_it_is(definitions):
    assert dax(definitions, metric("conversion", meta={"dax": "1 + 1"})) == "1 + 1"


@pytest.mark.parametrize(
    ("agg", "sql", "written"),
    [
        ("average", "watch_duration_minutes", "AVERAGE ( 'Viewing Sessions'[Watch Duration Minutes] )"),
        ("max", "a * 2", "MAXX ( 'Viewing Sessions', 'Viewing Sessions'[A] * 2 )"),
        ("median", "a", "MEDIAN ( 'Viewing Sessions'[A] )"),
        ("count", "1", "COUNTROWS ( 'Viewing Sessions' )"),
        ("count", "user_id", "COUNTA ( 'Viewing Sessions'[User Id] )"),
        ("sum", "a - b", "CALCULATE ("
         " SUMX ( 'Viewing Sessions', 'Viewing Sessions'[A] - 'Viewing Sessions'[B] ),"
         " KEEPFILTERS ( NOT ( ISBLANK ( 'Viewing Sessions'[A] ) ) ),"
         " KEEPFILTERS ( NOT ( ISBLANK ( 'Viewing Sessions'[B] ) ) ) )"),
    ],
)  # fmt: skip
def test_aggregates_of_columns_and_of_expressions(definitions, agg, sql, written):
    assert dax(with_measure(definitions, agg=agg, sql=sql), metric()) == written


def test_filters_are_of_the_tables_that_have_their_dimensions(definitions):
    filters = (f"{DEVICE} in ('Mobile', 'Tablet') and ({PLAN} = 'say \"x\"' or {PLAN} is null)",)
    assert dax(definitions, metric(filters=filters)) == (
        "CALCULATE ( COUNTROWS ( 'Viewing Sessions' ),"
        ' KEEPFILTERS ( \'Devices\'[Device Type] IN { "Mobile", "Tablet" } ),'
        ' KEEPFILTERS ( \'Users\'[Subscription Type] = "say ""x"""'
        " || ISBLANK ( 'Users'[Subscription Type] ) ) )"
    )


@pytest.mark.parametrize(
    ("inputs", "unknown"),
    [
        ((Input("sessions", "a"), Input("completed_sessions", "b")), []),
        ((Input("watch_minutes", "a"), Input("sessions", "b")), ["_a"]),
        ((Input("sessions", "a"), Input("sessions", "b", offset=Offset(1, "week"))), ["_a", "_b"]),
    ],
)
def test_a_sum_is_unknown_where_a_part_is_and_a_count_of_nothing_is_0(definitions, inputs, unknown):
    written = dax(definitions, metric("derived", inputs=inputs, expr="a - b"))
    assert [name for name in ("_a", "_b") if f"ISBLANK ( {name} )" in written] == unknown


def test_weeks_are_days_and_years_to_date_have_a_function(definitions):
    window = dax(definitions, metric("cumulative", window=Offset(2, "week")))
    assert (
        window == "CALCULATE ( [Sessions], DATESINPERIOD ( 'Dates'[Date], MAX ( 'Dates'[Date] ), -14, DAY ) )"
    )
    assert (
        dax(definitions, metric("cumulative", to_date="year"))
        == "CALCULATE ( [Sessions], DATESYTD ( 'Dates'[Date] ) )"
    )


@pytest.mark.parametrize(
    ("measure", "values", "reason"),
    [
        ({"agg": "count_distinct", "sql": "lower(user_id)"}, {}, "count_distinct takes a column"),
        ({"agg": "sum", "sql": "greatest(a, b)"}, {}, "`GREATEST(fct_viewing_sessions.a, "),
        ({"agg": "sum", "sql": "case a when 1 then b else 0 end"}, {}, "is not known"),
        ({"agg": "sum", "sql": "case when a then"}, {}, "cannot be parsed"),
        ({"agg": "sum_boolean", "sql": "a > 'x'"}, {}, "DAX orders texts in its own way"),
        ({"agg": "sum_boolean", "sql": "a like 'x%'"}, {}, "is not known"),
        ({"agg": "sum_boolean", "sql": "true"}, {}, "is no condition on one table"),
        ({}, {"filters": (f"{DEVICE} = {PLAN}",)}, "is no condition on one table"),
        ({}, {"filters": (f"not ({PLAN} = 'x' or {PLAN} is null)",)}, "is not known: write its opposite"),
        ({}, {"filters": ("{{ Dimension('user_key__shoe_size') }} = 43",)}, "there is no shoe_size of a"),
        ({}, {"kind": "cumulative", "to_date": "week"}, "no days since the week began"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_refused_by_name_and_reason(definitions, measure, values, reason):
    with pytest.raises(Untranslatable) as refused:
        dax(with_measure(definitions, **measure), metric(**values))
    assert str(refused.value).startswith("odd cannot be written in DAX: ")
    assert reason in str(refused.value)
    assert str(refused.value).endswith("as `dax` among the metric's `meta`")


def test_a_date_that_is_computed_is_refused(definitions):
    model, measure = definitions.measures["production_budget"]
    dated = replace(model, measures={measure.name: replace(measure, time="release_date")})
    given = replace(definitions, models=definitions.models | {model.name: dated})
    with pytest.raises(Untranslatable, match="the date of production_budget is no column"):
        dax(given, metric(measure="production_budget"))


def test_commands_do_without_what_only_translation_needs():
    code = "import sys, cli.__main__, cli.metric; sys.exit('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
