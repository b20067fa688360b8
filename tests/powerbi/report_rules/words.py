"""Rules of what visuals say: to those who read, and to those who hear."""

from collections.abc import Iterator

from tests.powerbi.report import Report

LONGEST_TITLE, SHORTEST_TEXT = 70, 20
CARTESIAN = {
    "lineChart", "barChart", "columnChart", "clusteredBarChart", "clusteredColumnChart", "scatterChart",
    "areaChart", "hundredPercentStackedBarChart",
}  # fmt: skip
AXES = ("categoryAxis", "valueAxis")


def no_title(report: Report) -> Iterator[str]:
    """Every visual has a title; a text box is one."""
    for page, visual in report.visuals():
        if visual.kind != "textbox" and not visual.title.strip():
            yield f"{page.name}: {visual.name}"


def same_title(report: Report) -> Iterator[str]:
    """Visuals of a page are told apart by their titles."""
    for page in report.pages:
        titles = [visual.title for visual in page.visuals if visual.title]
        yield from (f"{page.name}: {title}" for title in titles if titles.count(title) > 1)


def long_title(report: Report) -> Iterator[str]:
    """A title fits in one line."""
    for page, visual in report.visuals():
        if len(visual.title) > LONGEST_TITLE:
            yield f"{page.name}: {visual.title}"


def no_alt_text(report: Report) -> Iterator[str]:
    """Screen readers have something to say of every visual."""
    for page, visual in report.visuals():
        if len(visual.text.strip()) < SHORTEST_TEXT:
            yield f"{page.name}: {visual.name}"


def alt_text_is_title(report: Report) -> Iterator[str]:
    """What screen readers say is more than the title, which they say anyway."""
    for page, visual in report.visuals():
        if visual.text and visual.text.strip().lower() == visual.title.strip().lower():
            yield f"{page.name}: {visual.name}"


def no_axis_title(report: Report) -> Iterator[str]:
    """Axes say what they show."""
    for page, visual in report.visuals():
        for axis in AXES if visual.kind in CARTESIAN else ():
            if visual.setting(axis, "showAxisTitle") != "true":
                yield f"{page.name}: {visual.name}, {axis}"


def name_of_a_machine(report: Report) -> Iterator[str]:
    """Fields have names for people: no underscores, no camelCase."""
    for page, visual in report.visuals():
        for projections in visual.roles.values():
            for one in projections:
                shown = one.get("displayName", one["nativeQueryRef"])
                if "_" in shown or shown != shown.strip() or shown[:1].islower():
                    yield f"{page.name}: {visual.name}: {shown}"
