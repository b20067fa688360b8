"""On the demo's star, 200,000 sessions: every metric is that of MetricFlow, from marts and from the fact."""

from include.metrics.checks import grain_of
from tests.metrics.metricflow_judge import differences, own_rows

FIELDS = ((), ("month",), ("country",), ("genre",))
# Distinct people of 30 days, of every day: minutes on a star of this size.
SLOW = {"active_users_30d", "stickiness"}


def test_every_metric_is_that_of_metricflow_from_marts_and_from_the_fact(
    judge, demo, definitions, without_marts
):
    wrong, cells, asked = [], 0, 0
    for metric in sorted(definitions.metrics.keys() - SLOW):
        grain = grain_of(definitions, definitions.metrics[metric])
        can = {*judge.fields(metric)} - ({"month"} if grain else set())
        for fields in FIELDS:
            if not set(fields) <= can:
                continue
            by = ((grain,) if grain else ()) + fields
            judged = judge.rows(demo, metric, by)
            cells, asked = cells + len(judged), asked + 1
            for given in (definitions, without_marts):
                found = differences(judged, own_rows(demo, given, metric, by))
                wrong += [(metric, by, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert asked > 100
    assert cells > 1_000
