"""A warehouse whose stars are made by hand."""

from collections.abc import Iterator

import pytest

from include.embedded import postgres
from include.publish import swap as module
from tests.conftest import Platform
from tests.integration.publish.hand_made import Warehouse


@pytest.fixture
def star(warehouse: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The module's warehouse as it is after its first start, with short pauses."""
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(module, "DBT_SILENT_SECONDS", 0.2)
    warehouse.query(
        "admin",
        "drop schema trusted, trusted_next, trusted_previous cascade;"
        "truncate ops.publications restart identity",
    )
    postgres.create_databases(warehouse.env, int(warehouse.env["WAREHOUSE_PORT"]))
    yield Warehouse(warehouse)
    warehouse.close()
