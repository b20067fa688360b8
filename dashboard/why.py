"""Why did it move? The answer of `make why`: sentence, waterfall, table, and what happened to the data."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from dashboard.figures import label_of
from dashboard.publications import State
from dashboard.star import Star
from include.errors import MetricError
from include.metrics import Definitions
from include.metrics.periods import first_day, start_of
from include.why.compared import Period
from include.why.events import Event
from include.why.explain import explain
from include.why.explanation import Explanation, Part, folded
from include.why.words import difference, differences, member, rows, sentence, table, time, usual_range, value

MOST_PARTS = 8


@dataclass(frozen=True)
class Answer:
    """What a page says of the change; `steps` are the waterfall's bars, `table` its rows as texts."""

    explanation: Explanation
    sentence: str
    compared: str
    usual: str
    rows: str
    dimensions: dict[str, str]
    by: str
    steps: list[dict]
    table: list[list[str]]
    events: list[Event]


def period_of(grain: str, text: str, last: date) -> Period:
    """Return the day or week that is asked for; without a text the last whole one of the data.

    Raises MetricError for a text that names none.
    """
    if text:
        return Period(grain, start_of(grain, first_day(grain, text)))
    if grain == "day":
        return Period(grain, last)
    return Period(grain, start_of("week", last + timedelta(days=1)) - timedelta(weeks=1))


def answer_of(state: State, metric: str, period: Period, by: str) -> Answer:
    """Return the answer; `by` is the dimension of the waterfall, the first one where it has none such.

    Raises MetricError as `explain` does.
    """
    star = state.star
    explanation = star.kept(("why", metric, period), lambda: _explained(star, metric, period))
    dimensions = {name: label_of(star.definitions, name) for name in explanation.parts}
    if not dimensions:
        raise MetricError(f"{sentence(explanation)} There is nothing to split.")
    if by not in dimensions:
        by = explanation.causes[0].dimension if explanation.causes else next(iter(dimensions))
    parts = folded(explanation, by, MOST_PARTS)
    changes = differences(explanation, [part.change for part in parts])
    return Answer(
        explanation=explanation,
        sentence=sentence(explanation),
        compared=time(explanation.compared),
        usual=usual_range(explanation),
        rows=rows(explanation),
        dimensions=dimensions,
        by=by,
        steps=_steps(explanation, parts, changes),
        table=table(explanation, parts),
        events=[event for event in state.events if event.concerns(period)],
    )


def _explained(star: Star, metric: str, period: Period) -> Explanation:
    definitions: Definitions = star.definitions
    return explain(star.cursor(), definitions, metric, period)


def _steps(explanation: Explanation, parts: list[Part], changes: list[str]) -> list[dict]:
    """Return the bars: before, each part from where the last one ended, after."""
    at = explanation.before
    steps = [_total(time(explanation.compared), explanation, at)]
    for part, change in zip(parts, changes, strict=True):
        end = at + part.change
        steps.append(
            {
                "name": member(explanation, part),
                "from": float(at),
                "to": float(end),
                "end": float(max(at, end)),
                "text": change,
                "kind": "up" if part.change > 0 else "down",
            }
        )
        at = end
    return [*steps, _total(time(explanation.period), explanation, explanation.after)]


def _total(name: str, explanation: Explanation, amount: Fraction) -> dict:
    number = float(amount)
    text = value(explanation, amount)
    return {"name": name, "from": 0.0, "to": number, "end": number, "text": text, "kind": "total"}


def change_of(explanation: Explanation) -> str:
    """Return the whole change, with its sign."""
    return difference(explanation, explanation.change)
