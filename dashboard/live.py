"""Who watches now and how well: the windows of the last hour, read from the warehouse at each look.

Unlike the other pages this one shows no publication: windows change every few seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from dashboard.specs import CHART_HEIGHT, FRAME

NOBODY = "No device reports anything yet: `make live` plays some."
IS_THERE = "select to_regclass('trusted.streaming_windows') is not null"
# A window that devices are still heard of in is not shown: it would look like a fall.
WINDOWS = """
select window_start, window_end, average_streams, viewers, minutes, quality_drops, rebuffers
from trusted.streaming_windows
where window_end <= (select newest_event_at from trusted.streaming_freshness)
order by window_start desc limit 60
"""
FRESHNESS = "select complete_through, waiting_messages from trusted.streaming_freshness"


class Window(NamedTuple):
    """Five minutes, in UTC: devices that played at once on average, users heard of, minutes, and how well."""

    window_start: datetime
    window_end: datetime
    average_streams: Decimal
    viewers: int
    minutes: Decimal
    quality_drops: int
    rebuffers: int

    @property
    def rebuffers_per_hour(self) -> float:
        """How often an hour of viewing stops to load."""
        return float(60 * self.rebuffers / self.minutes) if self.minutes else 0.0

    @property
    def quality_drops_per_hour(self) -> float:
        """How often an hour of viewing gets a worse picture."""
        return float(60 * self.quality_drops / self.minutes) if self.minutes else 0.0


@dataclass(frozen=True)
class Live:
    """The windows of an hour, oldest first, and how far events were read."""

    windows: Sequence[Window]
    complete_through: datetime | None
    waiting_messages: int
    seen_at: datetime

    @property
    def now(self) -> Window:
        """The newest window."""
        return self.windows[-1]


class Figure(NamedTuple):
    """A number of each window: its name, what it is called, what it means, and how it is written."""

    name: str
    label: str
    description: str
    form: str


FIGURES = (
    Figure(
        "average_streams",
        "Playing at once",
        "Devices that play, on average: minutes played in five minutes, by five.",
        "{:,.1f}",
    ),
    Figure("viewers", "Viewers", "Users of whom a device reported in five minutes.", "{:,}"),
    Figure("minutes", "Minutes played", "Minutes played in five minutes.", "{:,.1f}"),
    Figure("rebuffers_per_hour", "Rebufferings an hour", "Stops to load, by hours played.", "{:,.2f}"),
    Figure("quality_drops_per_hour", "Quality drops an hour", "Worse pictures, by hours played.", "{:,.2f}"),
)
CHARTS = ("average_streams", "rebuffers_per_hour", "quality_drops_per_hour")


def read_live(cursor: Cursor) -> Live | None:
    """Return what devices report; None before the first whole window, and for a star without windows."""
    cursor.execute(IS_THERE)
    if cursor.fetchone() == (False,):
        return None
    cursor.execute(WINDOWS)
    windows = [Window(*row) for row in reversed(cursor.fetchall())]
    if not windows:
        return None
    cursor.execute(FRESHNESS)
    return Live(windows, *cursor.fetchone(), datetime.now(UTC))


def live_view(live: Live) -> dict[str, object]:
    """Return what the page's template is given."""
    by_name = {figure.name: figure for figure in FIGURES}
    return {
        "live": live,
        "cards": [_card(live, figure) for figure in FIGURES],
        "charts": [_chart(live, by_name[name]) for name in CHARTS],
    }


def _card(live: Live, figure: Figure) -> dict[str, str]:
    values = [getattr(window, figure.name) for window in live.windows]
    shown = {"value": values[-1], "least": min(values), "most": max(values)}
    texts = {name: figure.form.format(value) for name, value in shown.items()}
    return {"name": figure.name, "label": figure.label, "description": figure.description, **texts}


def _chart(live: Live, figure: Figure) -> dict[str, object]:
    points = [(window.window_end, getattr(window, figure.name)) for window in live.windows]
    values = [
        {"until": f"{until:%Y-%m-%dT%H:%M:%SZ}", "value": float(value), "text": figure.form.format(value)}
        for until, value in points
    ]
    tooltip = [
        {"field": "until", "type": "temporal", "format": "%H:%M", "title": "Until"},
        {"field": "text", "title": figure.label},
    ]
    return {
        "name": figure.name,
        "title": f"{figure.label}, the last hour",
        "header": figure.label,
        "rows": [(f"{until:%H:%M}", figure.form.format(value)) for until, value in reversed(points)],
        "spec": {
            **FRAME,
            "height": CHART_HEIGHT,
            "data": {"values": values},
            "mark": {"type": "line", "point": len(values) == 1},
            "encoding": {
                "x": {
                    "field": "until",
                    "type": "temporal",
                    "timeUnit": "utcyearmonthdatehoursminutes",
                    "title": None,
                    "axis": {"format": "%H:%M", "tickCount": 6},
                },
                "y": {"field": "value", "type": "quantitative", "title": None},
                "tooltip": tooltip,
            },
        },
    }
