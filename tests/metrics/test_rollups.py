"""What a mart answers is what the fact answers, what the mart shows, and read without the fact."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

import pytest
from psycopg2.extensions import cursor as Cursor

from include.errors import MetricError
from include.metrics import Condition, Definitions, Query, Question, ask, ask_for, compile_question
from include.metrics.definitions import GRAINS, Rollup
from include.metrics.fields import reachable, source_of_rollup
from tests.metrics.metricflow_judge import differences, values

FACTS = ("fct_viewing_sessions", "fct_viewing_sessions_by_genre")
OF_PERIODS = {
    name: name
    for name in (
        "sessions", "active_users", "new_users", "sessions_per_user", "watch_hours", "completion_rate",
    )
}  # fmt: skip
# A value of each field that a question may be told to leave, or to leave out.
VALUES = {
    "day": "2024-08-13", "week": "2024-08-13", "month": "2024-08", "quarter": "2024-Q3", "year": "2023",
    "plan": "Premium", "country": "Chile", "device": "Mobile", "quality": "Unknown", "genre": "Drama",
    "content_type": "movie", "has_budget": "true", "title": "Unknown",
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
    "mart_content_performance": (
        {"title": "title"},
        {
            "sessions": "sessions", "viewers": "active_users", "watch_hours": "watch_hours",
            "completed_sessions": "completed_sessions", "completion_rate": "completion_rate",
            "average_completion_percentage": "average_completion_percentage",
            "average_session_minutes": "average_session_minutes",
            "production_budget": "production_budget", "cost_per_watched_hour": "cost_per_watched_hour",
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
        {
            "cohort_users": "cohort_users", "active_users": "cohort_active_users",
            "retention_rate": "retention_rate",
        },
    ),
    "mart_monthly_plan_mix": (
        {"month_start_date": "month", "subscription_type": "plan"},
        {"users": "subscribers"},
    ),
}  # fmt: skip


def _questions(definitions: Definitions) -> Iterator[Question]:
    """Yield questions for each mart: its metrics by nothing, a field, a field and a period; of some rows."""
    for model in definitions.models.values():
        for mart in model.rollups:
            fields = sorted(reachable(definitions, source_of_rollup(mart)))
            measures = mart.sums.keys() | mart.counts.keys()
            metrics = [name for name in definitions.metrics if definitions.leaves(name) <= measures]
            for by, where in [*product(_groups(mart, fields), [()]), *_conditions(mart, fields)]:
                yield from (Question((metric,), by, where) for metric in metrics)


def _groups(mart: Rollup, fields: list[str]) -> list[tuple[str, ...]]:
    pairs = [(mart.grain, name) for name in fields if mart.grain and name not in GRAINS]
    return [(), *((name,) for name in fields), *pairs]


def _conditions(mart: Rollup, fields: list[str]) -> Iterator[tuple]:
    """Yield fields and conditions: of one value, and of all others, in all and by what the mart has."""
    keys = tuple(filter(None, [mart.grain, *mart.dimensions]))
    for name, operator in product(sorted(VALUES.keys() & set(fields)), ("=", "!=")):
        where = (Condition(name, operator, (VALUES[name],)),)
        yield from (((), where), (keys, where), (tuple(key for key in keys if key != name), where))


def _answered_by_marts(definitions: Definitions, question: Question) -> Query | None:
    try:
        query = compile_question(definitions, question)
    except MetricError:
        return None
    return None if {*FACTS} & {*query.tables} else query


def _read_by(cursor: Cursor, query: Query) -> list[str]:
    """Return the tables that PostgreSQL reads for the query."""
    cursor.execute(f"explain (format json) {query.sql}", query.parameters)
    return re.findall(r'"Relation Name": "(\w+)"', json.dumps(cursor.fetchone()[0]))


def test_marts_and_fact_answer_alike(small, definitions, without_marts):
    wrong, cells, used = [], 0, set()
    for question in dict.fromkeys(_questions(definitions)):
        if not (query := _answered_by_marts(definitions, question)):
            continue
        read = _read_by(small, query)
        assert not [table for table in read if table.startswith("fct_")], question
        used |= {*read}
        (metric,) = question.metrics
        full = values(ask(small, without_marts, question), question.by, metric)
        found = differences(full, values(ask(small, definitions, question), question.by, metric))
        cells += len(full)
        wrong += [(question, found[:3])] if found else []
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert cells > 10_000
    assert {mart.table for model in definitions.models.values() for mart in model.rollups} <= used


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_shows_what_the_metrics_say(small, without_marts, mart):
    keys, columns = MARTS[mart]
    question = Question(tuple(columns.values()), tuple(keys.values()))
    answers = {tuple(row[name] for name in question.by): row for row in ask(small, without_marts, question)}
    small.execute(f"select * from trusted.{mart}")
    names = [column.name for column in small.description]
    rows = [dict(zip(names, row, strict=True)) for row in small.fetchall()]
    counted = Counter(tuple(row[name] for name in keys) for row in rows)
    # Nothing but what the mart has. Of titles of one name it has a row each.
    assert answers.keys() <= counted.keys()
    compared = 0
    for row in rows:
        key = tuple(row[name] for name in keys)
        if counted[key] > 1:
            continue
        for column, metric in columns.items():
            shown, told = row[column], answers.get(key, {}).get(metric)
            if shown and told is not None:
                told = Decimal(told).quantize(Decimal(shown), ROUND_HALF_UP)
            assert (told or 0) == (shown or 0), (column, row, answers.get(key))
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
    read = _read_by(small, compile_question(definitions, ask_for(metrics, by, where)))
    assert [table for table in read if table.startswith("mart_")]
    assert not [table for table in read if table.startswith("fct_")]
