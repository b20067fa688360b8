"""Every metric by every field that MetricFlow can ask, by one and by two: both compilers give the same."""

from include.metrics import Condition
from include.metrics.checks import grain_of
from tests.metrics.metricflow_judge import combinations, differences, own_rows

# Distinct people of 30 days, of every day: MetricFlow takes minutes, and is asked by day alone.
SLOW = {"active_users_30d", "stickiness"}
SECONDS = ("month",)
CONDITIONS = (
    (Condition("plan", "=", ("Premium",)),),
    (Condition("device", "!=", ("Mobile",)), Condition("month", ">=", ("2024-06-01",))),
    (Condition("content_type", "=", ("movie",)), Condition("month", "=", ("2024-08-01",))),
)


def test_every_metric_by_one_and_by_two_fields_is_that_of_metricflow(judge, small, definitions):
    wrong, cells, asked = [], 0, 0
    for metric in definitions.metrics:
        for by in combinations(judge, metric, SECONDS):
            if metric in SLOW and len(by) > 1:
                continue
            judged = judge.rows(small, metric, by)
            found = differences(judged, own_rows(small, definitions, metric, by))
            asked, cells = asked + 1, cells + len(judged)
            wrong += [(metric, by, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert asked > 1_000
    assert cells > 20_000


def test_conditions_leave_the_same_rows(judge, small, definitions):
    wrong, cells = [], 0
    for metric in sorted(definitions.metrics.keys() - SLOW):
        fields = set(judge.fields(metric))
        for where in CONDITIONS:
            if not {one.field for one in where} <= fields:
                continue
            grain = grain_of(definitions, definitions.metrics[metric])
            by = (grain,) if grain else tuple(sorted({"device", "plan"} & fields))
            judged = judge.rows(small, metric, by, where)
            found = differences(judged, own_rows(small, definitions, metric, by, where))
            cells += len(judged)
            wrong += [(metric, where, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert cells > 200
