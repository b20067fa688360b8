"""Vega-Lite specifications of charts, without colours and fonts: those are the page's (static/page.js).

Format: Vega-Lite 6, https://vega.github.io/vega-lite/docs/.
"""

from collections.abc import Callable
from datetime import date

from dashboard.figures import Figure, Row, format_of, order_of
from include.metrics.definitions import Definitions, Metric

FRAME = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "width": "container",
    "autosize": {"type": "fit-x", "contains": "padding"},
}
BAR_HEIGHT, STACK_HEIGHT, CELL_HEIGHT = 24, 30, 24
CHART_HEIGHT = 260
# So many periods have a tick each.
FEW_PERIODS = 6


def spec_of(definitions: Definitions, figure: Figure, address: Callable[[Row], str | None]) -> dict:
    """Return the chart; a click on a mark opens the `address` of its row, if there is one."""
    fields = [*figure.fields, *(one.name for one in figure.metrics)]
    data = []
    for row in figure.rows[: figure.chart.most]:
        values = (_plain(one) for one in (*row.keys, *row.values))
        shown = dict(zip((f"{name}_text" for name in fields), row.cells, strict=True))
        data.append(dict(zip(fields, values, strict=True)) | shown | {"address": address(row)})
    headers = figure.headers(definitions)
    tooltip = [{"field": f"{n}_text", "title": t} for n, t in zip(fields, headers, strict=True)]
    chart = KINDS[figure.chart.kind](figure, headers)
    chart.setdefault("encoding", {})["tooltip"] = tooltip
    return {**FRAME, "data": {"values": data}, **chart}


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | bool) else float(value)


def _bars(figure: Figure, headers: list[str]) -> dict:
    (field,), (metric,) = figure.fields, figure.metrics
    names = [row.cells[0] for row in figure.rows[: figure.chart.most]]
    return {
        "height": BAR_HEIGHT * max(1, len(names)),
        "encoding": {
            "y": {"field": f"{field}_text", "type": "nominal", "sort": names, "title": None},
            "x": {
                "field": metric.name,
                "type": "quantitative",
                "title": None,
                "axis": None,
                # Room for the numbers behind the bars.
                "scale": {
                    "domainMax": 1.25 * max((float(row.values[0] or 0) for row in figure.rows), default=1)
                },
            },
        },
        "layer": [
            {"mark": {"type": "bar", "cursor": "pointer"}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {"text": {"field": f"{metric.name}_text"}},
            },
        ],
    }


def _lines(figure: Figure, headers: list[str]) -> dict:
    *series, time = figure.fields
    (metric,) = figure.metrics
    days = sorted({row.keys[-1].isoformat() for row in figure.rows})
    few = {"values": days} if len(days) <= FEW_PERIODS else {"tickCount": FEW_PERIODS}
    encoding = {
        "x": {
            "field": time,
            "type": "temporal",
            "timeUnit": "utcyearmonthdate",
            "title": None,
            "axis": {"format": "%b %Y" if time == "month" else "%-d %b %y", "labelOverlap": True, **few},
        },
        "y": {
            "field": metric.name,
            "type": "quantitative",
            "title": None,
            "axis": {"format": _axis_format(metric), "tickCount": 5},
        },
    }
    line: dict = {"mark": {"type": "line", "point": {"size": 30, "cursor": "pointer"}}}
    if series:
        colour = {"field": f"{series[0]}_text", "type": "nominal", "title": None}
        encoding |= {"color": colour, "strokeDash": colour}
    return {"height": CHART_HEIGHT, "encoding": encoding, **line}


def _stack(figure: Figure, headers: list[str]) -> dict:
    field, series = figure.fields
    (metric,) = figure.metrics
    return {
        "height": STACK_HEIGHT * len({row.keys[0] for row in figure.rows}),
        "mark": {"type": "bar", "cursor": "pointer"},
        "encoding": {
            "y": {"field": f"{field}_text", "type": "nominal", "sort": "-x", "title": None},
            "x": {
                "field": metric.name,
                "type": "quantitative",
                "title": None,
                "axis": {"format": _axis_format(metric), "tickCount": 4},
            },
            "color": {"field": f"{series}_text", "type": "nominal", "title": headers[1]},
        },
    }


def _heat(figure: Figure, headers: list[str]) -> dict:
    row, column = figure.fields
    (metric,) = figure.metrics
    rows, columns = (sorted({one.cells[place] for one in figure.rows}, key=order_of) for place in range(2))
    return {
        "height": CELL_HEIGHT * len(rows),
        "mark": {"type": "rect", "cursor": "pointer"},
        "encoding": {
            "y": {"field": f"{row}_text", "type": "ordinal", "sort": rows, "title": None},
            "x": {
                "field": f"{column}_text",
                "type": "ordinal",
                "sort": columns,
                "title": headers[1],
                "axis": {"labelAngle": 0 if len(columns) < 8 else -60, "labelOverlap": True},
            },
            "color": {
                "field": metric.name,
                "type": "quantitative",
                "title": None,
                "legend": {"format": _axis_format(metric)},
            },
        },
    }


def _dots(figure: Figure, headers: list[str]) -> dict:
    across = figure.chart.against or figure.metrics[0].name
    metric = figure.metrics[-1]
    x_format = ".1f" if figure.chart.against else _axis_format(figure.metrics[0])
    titles = dict(zip([*figure.fields, *(one.name for one in figure.metrics)], headers, strict=True))
    return {
        "height": CHART_HEIGHT,
        "mark": {"type": "point", "filled": True, "size": 45, "opacity": 0.65, "cursor": "pointer"},
        "encoding": {
            "x": {
                "field": across,
                "type": "quantitative",
                "title": titles[across],
                "scale": {"zero": False},
                "axis": {"format": x_format, "tickCount": 5},
            },
            "y": {
                "field": metric.name,
                "type": "quantitative",
                "title": titles[metric.name],
                "scale": {"zero": False},
                "axis": {"format": _axis_format(metric), "tickCount": 5},
            },
        },
    }


def waterfall(parts: list[dict]) -> dict:
    """Return the chart of an explanation: `name`, `from`, `to`, `end`, `text` and `kind` each."""
    names = [part["name"] for part in parts]
    low, high = _domain(parts)
    parts = [{**part, "from": max(part["from"], low)} for part in parts]
    place = {"y": {"field": "name", "type": "nominal", "sort": names, "title": None}}
    return {
        **FRAME,
        "data": {"values": parts},
        "height": BAR_HEIGHT * len(parts),
        "encoding": place
        | {"tooltip": [{"field": "name", "title": "Part"}, {"field": "text", "title": "Change"}]},
        "layer": [
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "x": {
                        "field": "from",
                        "type": "quantitative",
                        "title": None,
                        "axis": None,
                        "scale": {"domain": [low, high], "zero": False, "nice": False},
                    },
                    "x2": {"field": "to"},
                    "color": {
                        "field": "kind",
                        "type": "nominal",
                        "legend": None,
                        "scale": {"domain": ["total", "up", "down"], "range": "movement"},
                    },
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {
                    "x": {"field": "end", "type": "quantitative"},
                    "text": {"field": "text"},
                },
            },
        ],
    }


def _domain(parts: list[dict]) -> tuple[float, float]:
    """Return what the waterfall shows: the totals' bars are cut where changes would be too small."""
    ends = [end for part in parts for end in (part["to"], part["from"]) if end or part["kind"] != "total"]
    low, high = min(ends), max(ends)
    room = (high - low) or abs(high) or 1.0
    return (low - room / 2 if low > room else min(0.0, low)), high + room / 4


def _axis_format(metric: Metric) -> str:
    """Return a short format for an axis: 12k, 45%."""
    return ".0%" if format_of(metric).endswith("%") else "~s"


KINDS = {"bars": _bars, "lines": _lines, "stack": _stack, "heat": _heat, "dots": _dots}
