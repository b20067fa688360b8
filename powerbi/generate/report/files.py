"""The files of the report. Format: PBIR, schemas report 3.2.0, page 2.1.0, pagesMetadata 1.0.0."""

from include.metrics.definitions import Definitions
from powerbi.generate.ids import hex_id
from powerbi.generate.model import Model
from powerbi.generate.report.layout import WIDTH
from powerbi.generate.report.pages import EVENTS, FRESHNESS, Page, pages
from powerbi.generate.report.theme import palette, theme
from powerbi.generate.report.visuals import as_json, background, id_of

SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/item/report/definition"
# Desktop keeps themes by their names: another palette needs another name.
THEME = "VideoStreaming.json"
VERSIONS = {"visual": "2.7.0", "report": "3.2.0", "page": "2.1.0"}
SETTINGS = {
    "useStylableVisualContainerHeader": True,
    "exportDataMode": "AllowSummarized",
    "defaultDrillFilterOtherVisuals": True,
    "allowChangeFilterTypes": True,
    "useEnhancedTooltips": True,
    "useDefaultAggregateDisplayName": True,
}


def shown(model: Model, definitions: Definitions) -> list[Page]:
    """Return the pages of the report."""
    return pages(definitions, {name: _sources(model, name) for name in (FRESHNESS, EVENTS)})


def files(model: Model, definitions: Definitions) -> dict[str, dict]:
    """Return the contents of the report's files, by their paths in its folder."""
    pages_shown = shown(model, definitions)
    return {
        "definition/version.json": _with_schema("versionMetadata/1.0.0", {"version": "2.0.0"}),
        "definition/report.json": _with_schema("report/3.2.0", _report()),
        "definition/pages/pages.json": _with_schema("pagesMetadata/1.0.0", _order(pages_shown)),
        **{path: content for page in pages_shown for path, content in _page(page).items()},
        f"StaticResources/RegisteredResources/{THEME}": theme(THEME),
    }


def _sources(model: Model, source: str) -> list[str]:
    return [column.source for table in model.tables if table.source == source for column in table.columns]


def _with_schema(name: str, content: dict) -> dict:
    return {"$schema": f"{SCHEMAS}/{name}/schema.json"} | content


def _report() -> dict:
    item = {"name": THEME, "path": THEME, "type": "CustomTheme"}
    registered = {"name": "RegisteredResources", "type": "RegisteredResources"}
    custom = {"name": THEME, "reportVersionAtImport": VERSIONS, "type": "RegisteredResources"}
    return {
        "themeCollection": {"customTheme": custom},
        "resourcePackages": [registered | {"items": [item]}],
        "settings": SETTINGS,
    }


def _order(pages_shown: list[Page]) -> dict:
    ids = [hex_id("page", page.name) for page in pages_shown]
    return {"pageOrder": ids, "activePageName": ids[0]}


def _page(page: Page) -> dict[str, dict]:
    name = hex_id("page", page.name)
    content = {
        "name": name,
        "displayName": page.title,
        "displayOption": "FitToWidth",
        "height": page.height,
        "width": WIDTH,
        "objects": background(palette()["ground"]),
    }
    folder = f"definition/pages/{name}"
    return {
        f"{folder}/page.json": _with_schema("page/2.1.0", content),
        **{
            f"{folder}/visuals/{id_of(page.name, visual)}/visual.json": as_json(
                visual, page.name, place, number
            )
            for number, (visual, place) in enumerate(page.visuals)
        },
    }
