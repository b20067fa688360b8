"""The project's files: the model, the report, and what ties them together."""

import json

from dashboard.pages import PAGES
from include.lineage.paths import Edges
from include.metrics.definitions import Definitions
from powerbi.generate import report, tmdl
from powerbi.generate.ids import guid
from powerbi.generate.lineage import lineage
from powerbi.generate.measures import measure_table
from powerbi.generate.model import Model
from powerbi.generate.relationships import relationships
from powerbi.generate.report.pages import Page
from powerbi.generate.roles import roles
from powerbi.generate.settings import settings_of
from powerbi.generate.tables import star, tables

NAME = "VideoStreaming"
SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
MODEL, REPORT = f"{NAME}.SemanticModel", f"{NAME}.Report"


def model_of(manifest: dict, definitions: Definitions) -> Model:
    """Return the semantic model."""
    settings = settings_of(manifest)
    related = relationships(definitions, star(manifest))
    of_star = tables(manifest, definitions, related)
    cards = [name for page in PAGES for name in page.cards]
    return Model(
        (measure_table(definitions, cards), *of_star),
        related,
        roles(of_star, related, settings.roles),
        settings,
    )


def lineage_of(manifest: dict, definitions: Definitions) -> tuple[Edges, list[Page]]:
    """Return what each object of the project is made from, down to the columns of the star, and the pages."""
    model = model_of(manifest, definitions)
    pages = report.shown(model, definitions)
    return lineage(model, definitions, pages), pages


def project(manifest: dict, definitions: Definitions) -> dict[str, str]:
    """Return all files of the project, by their paths in its folder."""
    model = model_of(manifest, definitions)
    return {
        f"{NAME}.pbip": _json(_shortcut()),
        f"{MODEL}/.platform": _json(_platform("SemanticModel")),
        f"{MODEL}/definition.pbism": _json(_definition()),
        **{f"{MODEL}/definition/{path}": text for path, text in tmdl.files(model).items()},
        f"{REPORT}/.platform": _json(_platform("Report")),
        f"{REPORT}/definition.pbir": _json(_report_of_model()),
        **{f"{REPORT}/{path}": _json(content) for path, content in report.files(model, definitions).items()},
    }


def _json(content: dict) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _shortcut() -> dict:
    return {
        "$schema": f"{SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
        "version": "1.0",
        "artifacts": [{"report": {"path": REPORT}}],
        "settings": {"enableAutoRecovery": True},
    }


def _platform(kind: str) -> dict:
    return {
        "$schema": f"{SCHEMAS}/gitIntegration/platformProperties/2.0.0/schema.json",
        "metadata": {"type": kind, "displayName": NAME},
        "config": {"version": "2.0", "logicalId": guid("item", kind)},
    }


def _definition() -> dict:
    schema = f"{SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json"
    return {"$schema": schema, "version": "4.2", "settings": {}}


def _report_of_model() -> dict:
    schema = f"{SCHEMAS}/item/report/definitionProperties/2.0.0/schema.json"
    return {"$schema": schema, "version": "4.0", "datasetReference": {"byPath": {"path": f"../{MODEL}"}}}
