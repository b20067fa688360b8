"""Rules of colours and sizes. Source of the contrasts: WCAG 2.1, 1.4.3 and 1.4.11."""

import json
import re
from collections.abc import Iterator

from tests.powerbi.report import Report

TEXT, SHAPE = 4.5, 3.0
SMALLEST = 9
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def faint_text(report: Report) -> Iterator[str]:
    """Texts stand out from what is behind them."""
    theme = report.theme
    for name, style in theme["textClasses"].items():
        if contrast(style["color"], theme["background"]) < TEXT:
            yield f"{name}: {style['color']} on {theme['background']}"
    if contrast(theme["foreground"], theme["background"]) < TEXT:
        yield f"foreground: {theme['foreground']} on {theme['background']}"


def faint_series(report: Report) -> Iterator[str]:
    """Bars, lines and dots stand out from the page."""
    for value in report.theme["dataColors"]:
        if contrast(value, report.theme["background"]) < SHAPE:
            yield value


def faint_cell(report: Report) -> Iterator[str]:
    """Numbers stand out from the shade of their cell, the darkest too."""
    for page, visual in report.visuals():
        for value in COLOUR.findall(
            json.dumps(visual.content["visual"].get("objects", {}).get("values", []))
        ):
            if contrast(report.theme["foreground"], value) < TEXT:
                yield f"{page.name}: {visual.name}: {value}"


def same_series(report: Report) -> Iterator[str]:
    """No two series have one colour."""
    colours = [value.lower() for value in report.theme["dataColors"]]
    yield from (value for value in colours if colours.count(value) > 1)


def colour_of_no_theme(report: Report) -> Iterator[str]:
    """A chart takes its colours from the theme; heading and shades are the palette's."""
    for page, visual in report.visuals():
        if visual.kind not in ("textbox", "pivotTable") and COLOUR.search(json.dumps(visual.content)):
            yield f"{page.name}: {visual.name}"


def small_text(report: Report) -> Iterator[str]:
    """Texts are large enough to be read."""
    for name, style in report.theme["textClasses"].items():
        if style["fontSize"] < SMALLEST:
            yield name


def contrast(one: str, other: str) -> float:
    """Return the ratio of the lighter to the darker colour's luminance, 1 to 21. Source: WCAG 2.1."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(value: str) -> float:
    parts = (int(value[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
