"""What a metric is made of, which parts add up to its change, and what is refused."""

import random
from fractions import Fraction

import pytest

from include.errors import MetricError
from include.metrics import Definitions, read_definitions
from include.why.compared import Amounts
from include.why.composition import composition_of
from include.why.explain import _parts


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("sessions", (False, False, True)),
        ("watch_minutes", (False, False, False)),
        ("active_users", (False, True, True)),
        ("completion_rate", (True, False, True)),
        ("sessions_per_user", (True, True, True)),
        ("average_session_minutes", (True, False, False)),
    ],
)
def test_kinds_of_metrics_are_told_apart(definitions, metric, kind):
    found = composition_of(definitions, metric)
    assert (found.is_ratio, found.is_distinct, found.is_count) == kind
    assert found.scale == 1


def test_hours_are_minutes_by_sixty(definitions):
    hours = composition_of(definitions, "watch_hours")
    assert hours.scale == Fraction(1, 60)
    assert hours.definitions.metrics["why_top"].measure == "watch_minutes"


def test_filter_of_an_input_is_kept(definitions):
    share = composition_of(definitions, "mobile_share")
    (text,) = share.definitions.metrics["why_top"].filters
    assert "'Mobile'" in text
    assert share.definitions.metrics["why_bottom"].filters == ()


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("watch_hour", "There is no metric 'watch_hour': did you mean watch_hours"),
        ("zzz", "There is no metric 'zzz': `make metric` lists what there is"),
        ("active_users_30d", "it is no sum, no count and no ratio of these. Ask for active_users instead"),
        ("sessions_growth", "Ask for sessions instead"),
        ("stickiness", "Ask for active_users instead"),
        ("cost_per_watched_hour", "Ask for watch_minutes instead"),
        ("p90_session_minutes", "Ask for another metric instead"),
        ("subscribers", "Ask for another metric instead"),
        ("current_subscribers", "it has no value of each day"),
        ("cohort_users", "it has no value of each day"),
    ],
)
def test_what_has_no_parts_is_refused(definitions, metric, words):
    with pytest.raises(MetricError) as refused:
        composition_of(definitions, metric)
    assert words in str(refused.value)


@pytest.mark.parametrize("metric", ["watch_hours", "completion_rate", "active_users", "sessions_per_user"])
@pytest.mark.parametrize("seed", range(5))
def test_parts_add_up_whatever_the_amounts_are(definitions, metric, seed):
    whole, chance = composition_of(definitions, metric), random.Random(seed)
    members = {name: _amounts(chance, whole.is_ratio) for name in "ABCDE"}
    # Fewer than the members have together: some count in several.
    total = Amounts(*(tuple(map(_most, zip(*side, strict=True))) for side in _sides(members)))
    parts = _parts(whole, total, "country", members, {})
    change = whole.scale * (total.top[0] / total.bottom[0] - total.top[1] / total.bottom[1])
    assert sum(part.change for part in parts) == change
    assert [part.member for part in parts].count(None) <= 1
    assert parts[-1].member is None


def _amounts(chance: random.Random, is_ratio: bool) -> Amounts:
    top, bottom = (tuple(Fraction(chance.randrange(900), 7) for _ in range(2)) for _ in range(2))
    return Amounts(top, bottom if is_ratio else (Fraction(1), Fraction(1)))


def _sides(members: dict[str, Amounts]) -> tuple[list[tuple], list[tuple]]:
    return [one.top for one in members.values()], [one.bottom for one in members.values()]


def _most(values: tuple[Fraction, ...]) -> Fraction:
    return max(values)
