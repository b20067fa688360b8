"""Rules of how numbers are shown."""

from collections.abc import Iterator

from tests.powerbi.report import Report
from tests.powerbi.report_rules.layout import pages_of

# Microsoft has newer ones in their place, or people misread them.
BARRED = {
    "card", "multiRowCard", "table", "matrix", "map", "filledMap", "pieChart", "donutChart", "gauge",
    "funnel", "treemap", "ribbonChart",
}  # fmt: skip
BARS = {"barChart", "columnChart", "clusteredBarChart", "clusteredColumnChart"}
MOST_CARDS = 6
# Fields with more values than a chart of bars can show.
MANY = {"Title", "Session Id", "User Id"}


def barred_kind(report: Report) -> Iterator[str]:
    """A visual is none that Microsoft replaced, or that people misread."""
    for page, visual in report.visuals():
        if visual.kind in BARRED:
            yield f"{page.name}: {visual.name} is a {visual.kind}"


def many_bars(report: Report) -> Iterator[str]:
    """Bars of a field with many values are those of the largest."""
    for page, visual in report.visuals():
        names = {one["nativeQueryRef"] for one in visual.roles.get("Category", [])}
        is_cut = any(one["type"] == "TopN" for one in visual.filters)
        if visual.kind in BARS and names & MANY and not is_cut:
            yield f"{page.name}: {visual.name}"


def many_cards(report: Report) -> Iterator[str]:
    """A row of cards has no more numbers than people keep in mind."""
    for page, visual in report.visuals():
        if len(visual.roles.get("Data", [])) > MOST_CARDS:
            yield f"{page.name}: {visual.name}"


def unsorted(report: Report) -> Iterator[str]:
    """Bars and lines have an order that somebody chose."""
    for page, visual in report.visuals():
        is_sorted = "sortDefinition" in visual.content["visual"].get("query", {})
        if visual.kind in {"lineChart", *BARS} and not is_sorted:
            yield f"{page.name}: {visual.name}"


def no_number(report: Report) -> Iterator[str]:
    """A chart shows a measure: a bare column would be added up by chance."""
    for page, visual in report.visuals():
        if visual.kind in ("textbox", "slicer", "tableEx"):
            continue
        fields = [one["field"] for projections in visual.roles.values() for one in projections]
        if not any("Measure" in field for field in fields):
            yield f"{page.name}: {visual.name}"


def other_slicers(report: Report) -> Iterator[str]:
    """Pages with slicers have the same ones."""
    pages = pages_of(report)
    groups = [_groups(page.visuals) for page in pages]
    yield from (page.name for page, group in zip(pages, groups, strict=True) if group != groups[0])


def slicer_alone(report: Report) -> Iterator[str]:
    """What is chosen on one page is chosen on all."""
    for page, visual in report.visuals():
        if visual.kind == "slicer" and not visual.content["visual"].get("syncGroup", {}).get("filterChanges"):
            yield f"{page.name}: {visual.name}"


def _groups(visuals: tuple) -> set[str]:
    slicers = [visual.content["visual"] for visual in visuals if visual.kind == "slicer"]
    return {one.get("syncGroup", {}).get("groupName", "") for one in slicers}
