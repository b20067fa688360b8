"""What a mart answers is what the fact answers, what the mart shows, and read without the fact."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from include.errors import MetricError
from include.metrics import Definitions, Question, ask, ask_for, compile_question
from include.metrics.definitions import COARSER, Rollup
from include.metrics.fields import reachable, source_of_rollup
from tests.metrics.metricflow_judge import differences, values

FACTS = ("fct_viewing_sessions", "fct_viewing_sessions_by_genre")
OF_PERIODS = {
    name: name
    for name in (
        "sessions", "active_users", "new_users", "sessions_per_user", "watch_hours", "completion_rate",
    )
}  # fmt: skip
# Mart: its key, the fields that give it, and metrics by their columns there. Numbers are rounded as shown.
MARTS = {
    "mart_daily_engagement": (
        {"date": "day"},
        {
            "sessions": "sessions", "active_users": "active_users", "new_users": "new_users",
            "watch_hours": "watch_hours", "completion_rate": "completion_rate",
            "average_session_minutes": "average_session_minutes",
        },
    ),
    "mart_weekly_engagement": (
        {"week_start_date": "week"},
        OF_PERIODS,
    ),
    "mart_monthly_engagement": (
        {"month_start_date": "month"},
        OF_PERIODS,
    ),
    "mart_country_engagement": (
        {"country": "country"},
        {
            "current_users": "current_subscribers", "viewers": "active_users", "sessions": "sessions",
            "watch_hours": "watch_hours", "completion_rate": "completion_rate",
        },
    ),
    "mart_device_quality_mix": (
        {"month_start_date": "month", "device_type": "device", "quality_level": "quality"},
        {"sessions": "sessions", "watch_hours": "watch_hours", "completion_rate": "completion_rate"},
    ),
    "mart_genre_performance": (
        {"genre": "genre"},
        {
            "sessions": "genre_sessions", "watch_hours": "genre_watch_hours",
            "completion_rate": "genre_completion_rate",
        },
    ),
    "mart_cohort_retention": (
        {"cohort_start_date": "cohort_month", "months_since_registration": "months_since_registration"},
        {"cohort_users": "cohort_users", "retention_rate": "retention_rate"},
    ),
    "mart_monthly_plan_mix": (
        {"month_start_date": "month", "subscription_type": "plan"},
        {"users": "subscribers"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def without_marts(definitions: Definitions) -> Definitions:
    models = {name: replace(model, rollups=()) for name, model in definitions.models.items()}
    return replace(definitions, models=models)


def _questions(definitions: Definitions) -> Iterator[Question]:
    """Yield questions for each mart: its metrics by nothing, by each field, and by each with a period."""
    for model in definitions.models.values():
        for mart in model.rollups:
            fields = reachable(definitions, source_of_rollup(mart))
            measures = mart.sums.keys() | mart.counts.keys()
            metrics = [name for name in definitions.metrics if definitions.leaves(name) <= measures]
            for by in [(), *((name,) for name in sorted(fields)), *_pairs(mart, fields)]:
                yield from (Question((metric,), by) for metric in metrics)


def _pairs(mart: Rollup, fields: set[str]) -> list[tuple[str, ...]]:
    return [(mart.grain, name) for name in sorted(fields) if mart.grain and name not in COARSER["day"]]


def _is_answered(definitions: Definitions, question: Question) -> bool:
    try:
        return not {*FACTS} & {*compile_question(definitions, question).tables}
    except MetricError:
        return False


def test_marts_and_fact_answer_alike(small, definitions, without_marts):
    wrong, cells = [], 0
    for question in dict.fromkeys(_questions(definitions)):
        if not _is_answered(definitions, question):
            continue
        (metric,) = question.metrics
        short, full = (
            values(ask(small, by, question), question.by, metric) for by in (definitions, without_marts)
        )
        cells += len(full)
        found = differences(full, short)
        wrong += [(question, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert cells > 1_000


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_shows_what_the_metrics_say(small, definitions, mart):
    keys, columns = MARTS[mart]
    question = Question(tuple(columns.values()), tuple(keys.values()))
    answered = {tuple(row[name] for name in keys.values()): row for row in ask(small, definitions, question)}
    small.execute(f"select * from trusted.{mart}")
    names = [column.name for column in small.description]
    rows = [dict(zip(names, row, strict=True)) for row in small.fetchall()]
    compared = 0
    for row in rows:
        answer = answered.get(tuple(row[name] for name in keys), {})
        for column, metric in columns.items():
            shown = Decimal(row[column] or 0)
            told = Decimal(answer.get(metric) or 0).quantize(shown, ROUND_HALF_UP)
            assert told == shown, (row, column, answer)
            compared += bool(shown)
    assert compared >= 10


@pytest.mark.parametrize(
    ("metrics", "by", "where"),
    [
        ("sessions,watch_hours,completion_rate,active_users", "day", ""),
        ("active_users,sessions_per_user", "week", ""),
        ("watch_hours,smart_tv_share", "country,month", "plan=Premium"),
        ("watch_hours_growth,active_users_growth", "month", ""),
        ("watch_hours", "title", "content_type=movie"),
    ],
)
def test_the_plan_of_a_question_that_marts_answer_has_no_fact(small, definitions, metrics, by, where):
    query = compile_question(definitions, ask_for(metrics, by, where))
    small.execute(f"explain (format json) {query.sql}", query.parameters)
    (plan,) = small.fetchone()
    assert '"Relation Name": "mart_' in json.dumps(plan)
    assert '"Relation Name": "fct_' not in json.dumps(plan)
