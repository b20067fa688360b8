"""Every metric by every field that MetricFlow can ask, by one and by two: both compilers give the same."""

from collections import defaultdict

import pytest

from include.metrics import Condition, Question, ask
from include.metrics.checks import grain_of
from tests.metrics.metricflow_judge import combinations, differences, own_rows, values

# A metric that counts other days as well has none.
WEEKDAYS = {"calendar_day__weekday", "calendar_day__is_weekend"}
CONDITIONS = {
    "a plan": (Condition("plan", "=", ("Premium",)),),
    "countries": (Condition("country", "=", ("Chile", "Spain")), Condition("age_band", "!=", ("25-34",))),
    "not two devices": (Condition("device", "!=", ("Mobile", "Tablet")), Condition("quality", "=", ("HD",))),
    "months": (Condition("month", ">", ("2024-04-01",)), Condition("device", "!=", ("Mobile",))),
    "a month": (Condition("content_type", "=", ("movie",)), Condition("month", "=", ("2024-08-01",))),
    "two months": (Condition("month", "=", ("2024-02-01", "2024-08-01")),),
    "other months": (Condition("month", "!=", ("2024-02-01", "2024-08-01")),),
    "earlier months": (Condition("month", "<", ("2024-02-01",)), Condition("month", ">=", ("2023-11-01",))),
    "a quarter": (Condition("quarter", "=", ("2024-07-01",)),),
    "weeks": (Condition("week", "<=", ("2022-12-26",)),),
    "a day": (Condition("day", "=", ("2024-08-13",)),),
    "a truth": (Condition("has_budget", "=", ("false",)), Condition("is_weekend", "=", ("true",))),
    "numbers": (Condition("release_year", ">=", ("2015",)), Condition("is_available", "=", ("true",))),
    "a genre": (Condition("genre", "=", ("Drama",)), Condition("plan", "=", ("Basic", "Standard"))),
    "cohorts": (Condition("months_since_registration", "<=", ("3",)),),
    "whole months": (Condition("is_complete_month", "=", ("true",)), Condition("year", "=", ("2024-01-01",))),
}


def test_the_judge_can_be_asked_by_the_same_fields(judge, definitions):
    for name, metric in definitions.metrics.items():
        own, offered = judge.names(name), judge.categories(name)
        refused = WEEKDAYS if grain_of(definitions, metric) else set()
        assert own <= offered <= own | refused, name


@pytest.mark.nightly
def test_every_metric_by_one_and_by_two_fields_is_that_of_metricflow(judge, small, definitions):
    wrong, cells, asked, together = [], 0, 0, defaultdict(dict)
    for metric, given in definitions.metrics.items():
        # Metrics that are computed from others would say the same of devices once more.
        seconds = ("month", "device") if given.kind == "simple" else ("month",)
        for by in combinations(judge, metric, seconds):
            judged = together[by][metric] = judge.rows(small, metric, by)
            found = differences(judged, own_rows(small, definitions, metric, by))
            asked, cells = asked + 1, cells + len(judged)
            wrong += [(metric, by, found[:3])] if found else []
    for by, metrics in together.items():
        rows = ask(small, definitions, Question(tuple(metrics), by))
        for metric, judged in metrics.items():
            found = differences(judged, values(rows, by, metric))
            wrong += [(metric, "among others", by, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert asked > 1_000
    assert cells > 100_000


@pytest.mark.parametrize("where", CONDITIONS.values(), ids=CONDITIONS)
def test_conditions_leave_the_same_rows(judge, small, definitions, where):
    wrong, cells = [], 0
    for metric in definitions.metrics:
        fields, grain = set(judge.fields(metric)), grain_of(definitions, definitions.metrics[metric])
        always = {grain} if grain else set()
        if not {one.field for one in where} <= fields | always:
            continue
        by = tuple(sorted({"device", "plan", "cohort_month"} & fields | always))
        judged = judge.rows(small, metric, by, where)
        found = differences(judged, own_rows(small, definitions, metric, by, where))
        cells += len(judged)
        wrong += [(metric, by, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert cells > 20
