"""Mistakes that people make when they define or write a KPI, each of which must show in a number."""

from collections.abc import Callable
from dataclasses import replace

from include.metrics import Definitions
from include.metrics.dax import dax as translated
from include.metrics.definitions import Input, Offset

Change = Callable[[Definitions], Definitions]


def metric(name: str, **values: object) -> Change:
    """Return the change of a metric."""

    def changed(definitions: Definitions) -> Definitions:
        one = replace(definitions.metrics[name], **values)
        return replace(definitions, metrics=definitions.metrics | {name: one})

    return changed


def input_of(name: str, number: int, **values: object) -> Change:
    """Return the change of one of the metrics that a metric is computed from."""

    def changed(definitions: Definitions) -> Definitions:
        inputs = list(definitions.metrics[name].inputs)
        inputs[number] = replace(inputs[number], **values)
        return metric(name, inputs=tuple(inputs))(definitions)

    return changed


def measure(name: str, **values: object) -> Change:
    """Return the change of a measure of a table."""

    def changed(definitions: Definitions) -> Definitions:
        model, one = definitions.measures[name]
        model = replace(model, measures=model.measures | {name: replace(one, **values)})
        return replace(definitions, models=definitions.models | {model.name: model})

    return changed


def dax(name: str, old: str, new: str) -> Change:
    """Return the change of a metric's DAX, given by hand."""

    def changed(definitions: Definitions) -> Definitions:
        one = definitions.metrics[name]
        written = translated(definitions, one)
        assert old in written, written
        return metric(name, meta=one.meta | {"dax": written.replace(old, new)})(definitions)

    return changed


NOT_WEEKEND = ("not {{ Dimension('calendar_day__is_weekend') }}",)
ON_MOBILE = ("{{ Dimension('device_key__device') }} = 'Mobile'",)
WRONG = {
    "another device": input_of("smart_tv_share", 0, filters=ON_MOBILE),
    "working days for the weekend": input_of("weekend_share", 0, filters=NOT_WEEKEND),
    "titles without a budget count": input_of("cost_per_watched_hour", 1, filters=()),
    "sessions of nobody count": input_of("sessions_per_user", 0, metric="sessions"),
    "versions instead of people": measure(
        "active_users", sql="case when user_key != -1 then user_key end"
    ),
    "people of the past have left": measure("churned_users", sql="case when not is_current then user_id end"),
    "the unknown title is one": measure("titles_watched", sql="content_key"),
    "rows instead of weights": measure("genre_sessions", agg="count", sql="session_id"),
    "null is what is not null": measure(
        "watch_minutes_of_users", sql="case when user_id is null then watch_duration_minutes end"
    ),
    "registered at any time": measure("new_users", time=None),
    "all months added up": measure("subscribers", is_last=False),
    "28 days": metric("active_users_30d", window=Offset(28, "day")),
    "the year to date": metric("watch_minutes_month_to_date", to_date="year"),
    "two months before": input_of("sessions_growth", 1, offset=Offset(2, "month")),
    "the same month for the one before": input_of("churn_rate", 1, offset=None),
    "an average of percentages": metric(
        "completion_rate", kind="derived", expr="average_completion_percentage / 100",
        inputs=(Input("average_completion_percentage", "average_completion_percentage"),),
    ),
    "upside down": metric("retention_rate", inputs=(
        Input("cohort_users", "cohort_users"), Input("cohort_active_users", "cohort_active_users"),
    )),
    "another percentile": dax("p90_session_minutes", "PERCENTILE.INC", "PERCENTILE.EXC"),
    "a slicer that does not count": dax("mobile_share", "KEEPFILTERS", ""),
    "the first month for the last": dax("subscribers", "MAX", "MIN"),
    "blank is 0": dax("watch_hours_growth", "ISBLANK ( _now ) || ", ""),
    "the calendar forgotten": dax("churned_users", "VALUES (", "ALL ("),
}  # fmt: skip
