"""What stands on which page. A number is named here, and defined in dbt/models/semantic."""

from dataclasses import dataclass

# Days, weeks or months, by how long the selection is.
TIME = "time"


@dataclass(frozen=True)
class Chart:
    """Metrics by fields. `kind` is bars, lines, stack, heat or dots.

    Dots are titles, at the first metric (or the field `against`) and the second. `most` is how many bars
    there are; the table has all rows.
    """

    name: str
    kind: str
    metrics: tuple[str, ...]
    by: tuple[str, ...]
    most: int | None = None
    against: str | None = None


@dataclass(frozen=True)
class Page:
    """A page: its cards, then its charts."""

    name: str
    title: str
    cards: tuple[str, ...]
    charts: tuple[Chart, ...]


PAGES = (
    Page(
        "users",
        "Users and subscriptions",
        ("active_users", "new_users", "subscribers", "churn_rate", "plan_changes", "sessions_per_user"),
        (
            Chart("countries", "bars", ("active_users",), ("country",), most=12),
            Chart("ages", "bars", ("active_users",), ("age_band",)),
            Chart("plans", "lines", ("subscribers",), ("plan", "month")),
            Chart("registrations", "lines", ("new_users",), (TIME,)),
            Chart("leavers", "lines", ("churned_users",), (TIME,)),
            Chart("changes", "heat", ("plan_changes",), ("plan_before", "plan")),
            Chart("retention", "heat", ("retention_rate",), ("cohort_month", "months_since_registration")),
        ),
    ),
    Page(
        "content",
        "Content and engagement",
        (
            "watch_hours",
            "titles_watched",
            "completion_rate",
            "movie_share",
            "catalogue_coverage",
            "cost_per_watched_hour",
        ),
        (
            Chart("titles", "bars", ("watch_hours",), ("title",), most=15),
            Chart("genres", "bars", ("genre_watch_hours",), ("genre",)),
            Chart("types", "lines", ("watch_hours",), ("content_type", TIME)),
            Chart("ratings", "dots", ("completion_rate",), ("title", "rating"), against="rating"),
            Chart("budgets", "dots", ("production_budget", "watch_hours"), ("title",)),
        ),
    ),
    Page(
        "usage",
        "Sessions and usage",
        (
            "sessions",
            "watch_hours",
            "active_users",
            "average_session_minutes",
            "p90_session_minutes",
            "uhd_share",
        ),
        (
            Chart("daily", "lines", ("active_users",), ("day",)),
            Chart("hours", "lines", ("watch_hours",), (TIME,)),
            Chart("weekdays", "heat", ("sessions",), ("weekday", "month")),
            Chart("devices", "stack", ("sessions",), ("device", "quality")),
            Chart("lengths", "bars", ("sessions",), ("session_length",)),
        ),
    ),
)
BY_NAME = {page.name: page for page in PAGES}
