"""The company's systems."""

from pathlib import Path

import pytest

from tests.conftest import Platform
from tests.integration.own_sources.company import FOLDER, Company


@pytest.fixture(scope="module")
def company(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company's PostgreSQL, and raw tables for it, for a module whose tests change different tables."""
    made = Company(warehouse, Path(tmp_path_factory.mktemp("company")))
    made.change((FOLDER / "company.sql").read_text(encoding="utf-8"))
    made.create_raw()
    return made
