"""The company's systems."""

from pathlib import Path

import pytest

from tests.conftest import Platform
from tests.integration.own_sources.company import Company


@pytest.fixture(scope="module")
def company(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company's systems, and raw tables for them, for a module whose tests change different tables."""
    made = Company(warehouse, tmp_path_factory.mktemp("company"))
    made.create()
    return made


@pytest.fixture
def own_company(platform: Platform, tmp_path: Path) -> Company:
    """The company's systems for one test."""
    made = Company(platform, tmp_path)
    made.create()
    return made
