"""docs/metrics.md: each metric with its meaning, formula, owner, SQL, DAX, and where its number is shown."""

import re
from collections.abc import Iterator

from include.metrics.checks import grain_of, groupings
from include.metrics.dax import measures
from include.metrics.definitions import Definitions, Input, Metric
from include.metrics.fields import FILTER_FIELD
from include.metrics.questions import Question
from include.metrics.sql import compile_question

HEAD = """# Metrics

Each number is defined once, in [dbt/models/semantic](../dbt/models/semantic), and everything that shows it
takes it from there: `make metric`, the queries below, Power BI's measures. `make data-model` writes the page.

    make metric M=watch_hours,completion_rate BY=country,month WHERE="plan=Premium, month>=2024-06"
    make metric

The first prints a table, the second lists all metrics. `BY` takes any of a metric's fields, also several.
`WHERE` takes conditions with `=`, `!=`, `<`, `<=`, `>` and `>=`; several values after `=` are any of them
(`country=Spain,Chile`), after `!=` none of them. A period is written as 2024-08-30, 2024-08 or 2024-Q3, and a
week as a day of it. What has no value, such as the release year of a series, is none of any. A question that
has no one answer is refused with a sentence. A mart answers where it holds the same number, the fact
otherwise; the last line of an answer says which.
"""
AGGREGATES = {
    "sum": "sum of `{}`",
    "count": "rows with `{}`",
    "count_distinct": "distinct values of `{}`",
    "sum_boolean": "rows with `{}`",
    "percentile": "percentile of `{}`",
    "average": "average of `{}`",
    "min": "smallest `{}`",
    "max": "largest `{}`",
    "median": "median of `{}`",
}


def page(definitions: Definitions) -> str:
    """Return the page as Markdown. Raises Untranslatable for a metric that has no DAX."""
    dax = measures(definitions)
    folders = dict.fromkeys(metric.meta["folder"] for metric in definitions.metrics.values())
    lines = [HEAD]
    for folder in folders:
        metrics = [metric for metric in definitions.metrics.values() if metric.meta["folder"] == folder]
        lines += [f"## {folder}\n", "| metric | unit | meaning |", "|---|---|---|"]
        lines += [
            f"| [{one.label}](#{_anchor(one)}) | {one.meta['unit']} | {one.description} |" for one in metrics
        ]
        lines += [
            "",
            *(line for metric in metrics for line in _section(definitions, metric, dax[metric.label])),
        ]
    return "\n".join(lines).rstrip() + "\n"


def _section(definitions: Definitions, metric: Metric, dax: str) -> Iterator[str]:
    query = compile_question(definitions, _example(definitions, metric))
    yield f"### {metric.label}\n"
    yield f"`{metric.name}` ({metric.meta['unit']}): {metric.description}\n"
    yield f"- Formula: {_formula(definitions, metric)}"
    yield f"- By: {', '.join(groupings(definitions, metric))}"
    if shown := _shown(definitions, metric):
        yield f"- Also in: {', '.join(shown)}"
    yield f"- Owner: {metric.meta['owner']}\n"
    yield f"<details><summary>SQL and DAX</summary>\n\n```sql\n{query.sql}\n```\n"
    yield f"```dax\n{dax}\n```\n\n</details>\n"


def _anchor(metric: Metric) -> str:
    """Return what Markdown makes of the metric's heading."""
    return re.sub(r"[^\w -]", "", metric.label.lower()).replace(" ", "-")


def _example(definitions: Definitions, metric: Metric) -> Question:
    """Return the question of which the SQL is shown: by the period that the metric is a number of, if any."""
    grain = grain_of(definitions, metric)
    return Question((metric.name,), (grain,) if grain else ())


def _formula(definitions: Definitions, metric: Metric) -> str:
    match metric.kind:
        case "ratio":
            top, bottom = (f"`{one.metric}`{_where(one.filters)}" for one in metric.inputs)
            return f"{top} / {bottom}"
        case "derived":
            names = (f"`{one.alias}` is {_input(one)}" for one in metric.inputs if _input(one) != one.alias)
            return "; ".join([f"`{metric.expr}`", *names])
    model, measure = definitions.measures[metric.measure]
    text = f"{AGGREGATES[measure.agg].format(measure.sql)} in `{model.table}`"
    if measure.is_last:
        text += ", of the last month"
    if metric.window:
        text += f", over {metric.window.count} {metric.window.grain}s"
    return text + (f", since the {metric.to_date} began" if metric.to_date else "")


def _input(one: Input) -> str:
    before = f" {one.offset.count} {one.offset.grain} before" if one.offset else ""
    return one.metric if not (before or one.filters) else f"`{one.metric}`{before}{_where(one.filters)}"


def _where(filters: tuple[str, ...]) -> str:
    return "".join(f" where `{FILTER_FIELD.sub(lambda found: found[2], text)}`" for text in filters)


def _shown(definitions: Definitions, metric: Metric) -> list[str]:
    """Return the marts that hold the number of a simple metric."""
    if metric.measure is None or metric.kind == "cumulative":
        return []
    model, _ = definitions.measures[metric.measure]
    found = [(mart.table, (mart.sums | mart.counts).get(metric.measure)) for mart in model.rollups]
    return [f"`{table}.{column}`" for table, column in found if column and column.isidentifier()]
