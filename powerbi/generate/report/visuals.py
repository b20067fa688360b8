"""Single visuals as PBIR. Format: schema visualContainer 2.7.0.

Every visual has a title and a text for screen readers, and its place in the order of the Tab key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from powerbi.generate.ids import hex_id
from powerbi.generate.report.expressions import colour, literal, of_all
from powerbi.generate.report.fields import Field
from powerbi.generate.report.filters import Filter
from powerbi.generate.report.layout import Place

SCHEMA = "https://developer.microsoft.com/json-schemas/fabric/item/report/definition/visualContainer/2.7.0/schema.json"
# Of how far apart two visuals are in the order of the Tab key, so that people can put one between.
STEP = 1000
# What groups, of which one part is active at a time.
GROUPING = ("Category", "Rows", "Columns")
AXES = {"categoryAxis": of_all(showAxisTitle=literal(True)), "valueAxis": of_all(showAxisTitle=literal(True))}


@dataclass(frozen=True)
class Visual:
    """What a visual shows: `data` has the fields of each of its roles. `kind` is Power BI's.

    `sort` is a field and Ascending or Descending. `synced` names slicers of several pages that are one.
    """

    name: str
    kind: str
    title: str
    text: str
    data: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    objects: Mapping[str, list] = field(default_factory=dict)
    sort: tuple[Field, str] | None = None
    filters: tuple[Filter, ...] = ()
    synced: str | None = None
    has_title: bool = True

    @property
    def fields(self) -> list[Field]:
        """Return the fields that the visual shows, or is filtered by."""
        shown = [one for fields in self.data.values() for one in fields]
        return [*shown, *(one.field for one in self.filters)]


def as_json(visual: Visual, page: str, place: Place, number: int) -> dict:
    """Return the visual as the content of its visual.json; it is the page's `number`th."""
    content: dict = {"visualType": visual.kind}
    if visual.data:
        content["query"] = _query(visual)
    if visual.objects:
        content["objects"] = dict(visual.objects)
    content["visualContainerObjects"] = _container(visual)
    if visual.synced:
        content["syncGroup"] = {"groupName": visual.synced, "fieldChanges": True, "filterChanges": True}
    container = {
        "$schema": SCHEMA,
        "name": id_of(page, visual),
        "position": {
            "x": place.x,
            "y": place.y,
            "z": number * STEP,
            "height": place.height,
            "width": place.width,
            "tabOrder": number * STEP,
        },
        "visual": content | {"drillFilterOtherVisuals": True},
    }
    filters = [_named(one, page, visual.name, str(place)) for place, one in enumerate(visual.filters)]
    return container | ({"filterConfig": {"filters": filters}} if filters else {})


def id_of(page: str, visual: Visual) -> str:
    """Return the name of the visual's folder."""
    return hex_id("visual", page, visual.name)


def _query(visual: Visual) -> dict:
    state = {
        role: {"projections": [one.projection(is_active=role in GROUPING) for one in fields]}
        for role, fields in visual.data.items()
    }
    if visual.sort is None:
        return {"queryState": state}
    by, direction = visual.sort
    return {
        "queryState": state,
        "sortDefinition": {"sort": [{"field": by.expression, "direction": direction}]},
    }


def _container(visual: Visual) -> dict:
    title = {"show": literal(visual.has_title)}
    if visual.has_title:
        title["text"] = literal(visual.title)
    return {"title": of_all(**title), "general": of_all(altText=literal(visual.text))}


def _named(given: Filter, *parts: str) -> dict:
    return {"name": f"Filter{hex_id('filter', *parts)}"} | given.content


def heat(value: Field, low: str, high: str) -> dict[str, list]:
    """Return the format of a matrix whose cells are the darker, the larger their value."""
    ends = {name: {"color": literal(end)["expr"]} for name, end in (("min", low), ("max", high))}
    rule = {"linearGradient2": {**ends, "nullColoringStrategy": {"strategy": literal("asZero")["expr"]}}}
    shade = {"solid": {"color": {"expr": {"FillRule": {"Input": value.expression, "FillRule": rule}}}}}
    cells = {"data": [{"dataViewWildcard": {"matchingOption": 1}}], "metadata": value.ref}
    return {"values": [{"properties": {"backColor": shade}, "selector": cells}]}


def heading(title: str, ink: str) -> dict[str, list]:
    """Return a text box with the title of a page."""
    style = {"fontWeight": "bold", "fontSize": "20pt", "color": ink}
    return {"general": of_all(paragraphs=[{"textRuns": [{"value": title, "textStyle": style}]}])}


def slicer(mode: str) -> dict[str, list]:
    """Return the format of a slicer: `Dropdown`, or `Between` of dates. Its title says what it is of."""
    return {"data": of_all(mode=literal(mode)), "header": of_all(show=literal(False))}


def background(value: str) -> dict[str, list]:
    """Return the format of a page with the colour behind its visuals."""
    return {"background": of_all(color=colour(value), transparency=literal(0))}
