"""The dashboard's palette as a theme of Power BI. Format: its report theme schema, draft 2020-12."""

import re
from functools import cache

from include.environment import ROOT

STYLE = ROOT / "dashboard" / "static" / "style.css"
FONT = "Segoe UI"


@cache
def palette() -> dict[str, str]:
    """Return the colours of the dashboard's light theme by their names, as `#rrggbb`."""
    light = STYLE.read_text(encoding="utf-8").split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))


def theme(name: str) -> dict:
    """Return the theme; its own name must be that of its file."""
    colours = palette()
    text = {"fontFace": FONT, "color": colours["ink"]}
    return {
        "name": name,
        "dataColors": [colours[f"series-{number}"] for number in range(1, 7)],
        "background": colours["panel"],
        "foreground": colours["ink"],
        "tableAccent": colours["accent"],
        "good": colours["good"],
        "bad": colours["bad"],
        "neutral": colours["quiet"],
        "minimum": colours["heat-low"],
        "maximum": colours["heat-high"],
        "textClasses": {
            "label": text | {"fontSize": 10},
            "title": text | {"fontSize": 12},
            "header": text | {"fontSize": 12},
            "callout": text | {"fontSize": 20},
        },
    }
