"""Titles on their way from MongoDB into raw: how they are changed by hand, read strictly and compared."""

import dataclasses
from datetime import datetime, timedelta

from tests.integration.helpers.loads import live
from tests.integration.helpers.pipeline import Pipeline
from tests.product import CONTENT

# Nothing is read again before the watermark.
STRICT_CONTENT = dataclasses.replace(CONTENT, overlap=timedelta(0))
GENRES, SEASONS = "mongo_content_genres", "mongo_series_seasons"


def genres(pipeline: Pipeline, content_id: str = "M1") -> list[str]:
    """Return the living genres of a title in their order."""
    rows = sorted(live(pipeline.raw(GENRES)).items())
    return [row["genre"] for (key, _), row in rows if key == content_id]


def values(row: dict[str, object]) -> dict[str, object]:
    """Return the row without what the loader adds."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def write_past_the_validator(
    pipeline: Pipeline, document: dict[str, object], now: datetime | None = None
) -> object:
    """Write as an application with more rights does, stamped as the product stamps; return its id."""
    now = now or pipeline.product.command("hello")["localTime"]
    document = {"content_type": "movie", "created_at": now, "updated_at": now} | document
    pipeline.product.content.insert_one(document, bypass_document_validation=True)
    return document["_id"]


def change(pipeline: Pipeline, content_id: str, **fields: object) -> None:
    """Change a document by hand as the product does."""
    now = pipeline.product.command("hello")["localTime"]
    pipeline.product.content.update_one(
        {"content_id": content_id}, {"$set": fields | {"updated_at": now}}, bypass_document_validation=True
    )
