"""An explanation in words: what moved, by how much, whether that is usual, and the cause to look at first."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from include.metrics.formats import shown
from include.why.compared import Period
from include.why.explanation import CAUSE, EVEN, UNKNOWN, Explanation, Part

# Further causes are in the table.
MOST_CAUSES = 3
# What has no member, in each dimension.
OVERLAP, ROUNDED = "counted in several", "rounding of shares"


def sentence(explanation: Explanation) -> str:
    """Return the explanation in a few plain sentences."""
    return " ".join([_what_moved(explanation), _how_usual(explanation), *_why(explanation)])


def value(explanation: Explanation, number: object) -> str:
    """Return a value of the metric in its format; of a ratio with more decimals, as its parts are small."""
    pattern = explanation.metric.meta.get("format", "")
    if explanation.is_ratio:
        pattern = pattern.replace("0.0", "0.00") if pattern.endswith("%") else f"{pattern}00"
    return shown(None if number is None else float(number), pattern)


def difference(explanation: Explanation, number: object) -> str:
    """Return a change of the metric with its sign; of shares in points."""
    text = value(explanation, number)
    return _signed(text) if not text.endswith("%") else f"{_signed(text.removesuffix('%'))} points"


def differences(explanation: Explanation, numbers: Iterable[Fraction]) -> list[str]:
    """Return changes so rounded that those shown add up to the change shown of all, as the changes do."""
    zero = value(explanation, 0)
    decimals = len(zero.removesuffix("%").partition(".")[2]) + (2 if zero.endswith("%") else 0)
    unit = Fraction(1, 10**decimals)
    sums = [round(one / unit) * unit for one in accumulate(numbers, initial=Fraction(0))]
    return [difference(explanation, after - before) for before, after in pairwise(sums)]


def table(explanation: Explanation, parts: Sequence[Part]) -> list[list[str]]:
    """Return a row for each part: who it is, before, after, what it adds, and whether that is unusual."""
    changes = differences(explanation, [part.change for part in parts])
    return [
        [
            member(explanation, part),
            value(explanation, part.before),
            value(explanation, part.after),
            change,
            "unusual" if part in explanation.causes else "",
        ]
        for part, change in zip(parts, changes, strict=True)
    ]


def member(explanation: Explanation, part: Part) -> str:
    """Return the part's member, or what the part is that has none."""
    return part.member or (OVERLAP if explanation.is_distinct else ROUNDED)


def percent(part: Fraction, whole: Fraction) -> str:
    """Return a share with its sign, nothing where there is no whole."""
    return _signed(f"{float(100 * part / whole):,.1f} %") if whole else ""


def rows(explanation: Explanation) -> str:
    """Return how many rows the metric's table has of the time, beside the times before."""
    found = explanation.rows
    low, high = min(found.before), max(found.before)
    return f"{found.table} has {found.now:,} rows of that time; those before have {low:,} to {high:,}."


def usual_range(explanation: Explanation) -> str:
    """Return the range that is usual, or why there is none."""
    if explanation.usual is None:
        return "not known: there are too few periods before"
    low, high = (value(explanation, bound) for bound in (explanation.usual.low, explanation.usual.high))
    return f"{low} to {high}"


def time(period: Period) -> str:
    """Return the period as people say it."""
    return f"{period.start:%A} {period.start}" if period.grain == "day" else f"the week of {period.start}"


def _signed(text: str) -> str:
    """Return a number with its sign; what is rounded to zero has none."""
    if not text.strip("-0.,% "):
        return text.removeprefix("-")
    return text if text.startswith("-") else f"+{text}"


def _what_moved(explanation: Explanation) -> str:
    change, label = explanation.change, explanation.metric.label
    against = f"against {time(explanation.compared)}, the week before"
    if explanation.period.grain == "day":
        against = f"against {time(explanation.compared)}, the same weekday a week before"
    if not change:
        return f"{label} did not change {against}."
    ratio = f" ({percent(change, explanation.before)})" if explanation.before else ""
    verb, by = ("rose" if change > 0 else "fell"), difference(explanation, abs(change)).removeprefix("+")
    return f"{label} {verb} by {by}{ratio} {against}."


def _how_usual(explanation: Explanation) -> str:
    usual = explanation.usual
    if usual is None:
        return "There are too few periods before to say what is usual."
    range_ = f"the usual range, {usual_range(explanation)}"
    if usual.holds(float(explanation.after)):
        return f"{value(explanation, explanation.after)} is within {range_}."
    side = "below" if explanation.after < usual.low else "above"
    return f"{value(explanation, explanation.after)} is {side} {range_}."


def _why(explanation: Explanation) -> list[str]:
    if explanation.verdict == CAUSE:
        first, *others = explanation.causes
        said = [
            f"Look first at {_name(first)}: it moved the whole by {difference(explanation, first.beyond)}"
            " beyond what it would have, had it moved like all others."
        ]
        if others := others[: MOST_CAUSES - 1]:
            also = ", ".join(f"{_name(one)} ({difference(explanation, one.beyond)})" for one in others)
            said.append(f"Unusual as well: {also}.")
        return said
    if explanation.verdict == EVEN:
        return [
            "All parts moved alike: so it looks when a partition is lost, or loaded in part or twice.",
            rows(explanation),
        ]
    return [] if explanation.verdict == UNKNOWN else ["No part stands out."]


def _name(part: Part) -> str:
    is_new = part.before is not None and not part.before
    return f"{part.dimension} {part.member}{', which had none before' if is_new else ''}"
