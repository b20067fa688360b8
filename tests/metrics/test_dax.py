"""Power BI shows the numbers that SQL answers; where a definition or its DAX is wrong, one differs."""

from dataclasses import replace

import pytest

from include.metrics import Condition, Definitions
from include.metrics.dax import measures
from powerbi.generate.model import Model
from tests.conftest import Platform
from tests.metrics.conftest import as_reader
from tests.metrics.power_bi import PowerBi, power_bi
from tests.metrics.visuals import Visual, visual
from tests.metrics.wrong_definitions import WRONG

FIELDS = (
    "plan", "country", "age_band", "device", "quality", "content_type", "is_available", "title",
    "release_year", "weekday", "is_weekend", "genre", "cohort_month", "months_since_registration",
    "month", "quarter", "year", "session_length", "has_budget", "plan_before",
)  # fmt: skip
PAIRS = (
    ("month", "plan"), ("plan", "device"), ("age_band", "year"), ("country", "is_weekend"),
    ("device", "quarter"), ("quality", "weekday"), ("content_type", "release_year"),
    ("content_type", "is_available"), ("genre", "plan"), ("genre", "month"),
    ("months_since_registration", "year"), ("month", "is_complete_month"),
)  # fmt: skip
# Numbers of one day and of weeks: around the end of a month.
DAYS = (Condition("day", ">=", ("2024-07-26",)), Condition("day", "<=", ("2024-08-06",)))
WEEKS = (Condition("week", ">=", ("2024-06-24",)), Condition("week", "<=", ("2024-08-26",)))
VISUALS = {
    "in all": ((),),
    **{name: ((name,),) for name in FIELDS},
    **{" and ".join(pair): (pair,) for pair in PAIRS},
    "week": (("week",), WEEKS),
    "day": (("day",), DAYS),
    "day and plan": (("day", "plan"), DAYS),
}


@pytest.fixture(scope="module")
def report(small_star: Platform, definitions: Definitions, model: Model) -> tuple[PowerBi, dict[str, Visual]]:
    """What Power BI has of the star, and what SQL answers."""
    with as_reader(small_star) as cursor:
        shown = power_bi(cursor, model)
        return shown, {name: visual(cursor, definitions, *asked) for name, asked in VISUALS.items()}


@pytest.mark.parametrize("name", VISUALS)
def test_every_measure_shows_the_number_of_sql(report, name):
    shown, visuals = report
    found = visuals[name].differences(shown)
    assert not found, "\n".join(map(str, found[:20]))


def test_every_metric_is_held_against_sql_in_many_cells(report, definitions):
    _, visuals = report
    numbers = {
        metric: {name: one.numbers(metric) for name, one in visuals.items() if one.numbers(metric)}
        for metric in definitions.metrics
    }
    assert [metric for metric, found in numbers.items() if len(found) < 2] == []
    contexts, cells = (
        sum(len(one.rows) for one in visuals.values()),
        sum(sum(n.values()) for n in numbers.values()),
    )
    print(f"small star: {contexts:,} filter contexts, {cells:,} cells")  # noqa: T201  the README's figure
    assert contexts > 1_000
    assert cells > 10_000
    by_two = {metric for metric, found in numbers.items() if any(" and " in name for name in found)}
    assert definitions.metrics.keys() - by_two == {"current_subscribers"}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_definition_shows(report, definitions, mistake):
    shown, visuals = report
    wrong = measures(WRONG[mistake](definitions))
    changed = [
        name for name, one in definitions.metrics.items() if wrong[one.label] != shown.measures[one.label]
    ]
    broken = replace(shown, measures=wrong, cache={})
    found = (cell for one in visuals.values() for cell in one.differences(broken, changed))
    # A number, not the blank that the engine shows of DAX that it does not understand.
    assert any(value for _, _, value, _ in found)
