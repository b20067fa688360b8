"""Rules of where visuals stand."""

from collections.abc import Iterator
from itertools import combinations, pairwise

from tests.powerbi.report import Page, Report, Visual

GAP, MOST = 8, 20
# Below it a title, a legend or a slicer's field does not fit.
LEAST = {"slicer": (120, 76), "textbox": (200, 40), "cardVisual": (120, 90)}
LEAST_CHART = (280, 200)


def overlap(report: Report) -> Iterator[str]:
    """No two visuals stand on each other."""
    for page in report.pages:
        for one, other in combinations(page.visuals, 2):
            if _across(one, other, 0) and _down(one, other, 0):
                yield f"{page.name}: {one.name} and {other.name}"


def off_the_page(report: Report) -> Iterator[str]:
    """Every visual stands on its page as a whole."""
    for page, visual in report.visuals():
        place = visual.place
        fits_across = place["x"] >= 0 and place["x"] + place["width"] <= page.content["width"]
        if not (fits_across and place["y"] >= 0 and place["y"] + place["height"] <= page.content["height"]):
            yield f"{page.name}: {visual.name}"


def too_near(report: Report) -> Iterator[str]:
    """Between two visuals beside or below each other there is a gap."""
    for page in report.pages:
        for one, other in combinations(page.visuals, 2):
            touches = _across(one, other, GAP) and _down(one, other, GAP)
            if touches and not (_across(one, other, 0) and _down(one, other, 0)):
                yield f"{page.name}: {one.name} and {other.name}"


def not_in_line(report: Report) -> Iterator[str]:
    """Visuals that begin at one height end at one height."""
    for page in report.pages:
        for one, other in combinations(page.visuals, 2):
            same = one.place["y"] == other.place["y"]
            if same and one.place["height"] != other.place["height"]:
                yield f"{page.name}: {one.name} and {other.name}"


def too_small(report: Report) -> Iterator[str]:
    """A visual has room for what it shows."""
    for page, visual in report.visuals():
        width, height = LEAST.get(visual.kind, LEAST_CHART)
        if visual.kind == "tableEx":
            width, height = LEAST["cardVisual"]
        if visual.place["width"] < width or visual.place["height"] < height:
            yield f"{page.name}: {visual.name}"


def too_many(report: Report) -> Iterator[str]:
    """A page has no more visuals than Power BI draws quickly."""
    yield from (page.name for page in report.pages if len(page.visuals) > MOST)


def other_width(report: Report) -> Iterator[str]:
    """All pages have one width."""
    widths = [page.content["width"] for page in report.pages]
    yield from (page.name for page in report.pages if page.content["width"] != widths[0])


def no_heading(report: Report) -> Iterator[str]:
    """A page begins with a text box that says what it is about."""
    for page in report.pages:
        if page.visuals[0].kind != "textbox" or page.name not in str(
            page.visuals[0].content["visual"]["objects"]
        ):
            yield page.name


def same_page_name(report: Report) -> Iterator[str]:
    """Pages are told apart by their names."""
    names = [page.name for page in report.pages]
    yield from (name for name in names if names.count(name) > 1 or not name.strip())


def reading_order(report: Report) -> Iterator[str]:
    """The Tab key goes from top to bottom, and from left to right."""
    for page in report.pages:
        for one, after in pairwise(page.visuals):
            if (one.place["y"], one.place["x"]) > (after.place["y"], after.place["x"]):
                yield f"{page.name}: {after.name} after {one.name}"


def no_tab_order(report: Report) -> Iterator[str]:
    """The Tab key reaches every visual, each at its own place."""
    for page in report.pages:
        orders = [visual.place.get("tabOrder", -1) for visual in page.visuals]
        for visual, order in zip(page.visuals, orders, strict=True):
            if order < 0 or orders.count(order) > 1:
                yield f"{page.name}: {visual.name}"


def _across(one: Visual, other: Visual, gap: int) -> bool:
    return _meet(one.place, other.place, "x", "width", gap)


def _down(one: Visual, other: Visual, gap: int) -> bool:
    return _meet(one.place, other.place, "y", "height", gap)


def _meet(one: dict, other: dict, start: str, length: str, gap: int) -> bool:
    return one[start] < other[start] + other[length] + gap and other[start] < one[start] + one[length] + gap


def pages_of(report: Report) -> list[Page]:
    """Return the pages that show numbers of what is chosen, which have slicers."""
    return [page for page in report.pages if any(visual.kind == "slicer" for visual in page.visuals)]
