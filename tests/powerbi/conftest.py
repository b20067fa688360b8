"""The Power BI project as it is generated now, and what it is generated from."""

import pytest

from cli.data_model import read_manifest
from include.metrics import Definitions, read_definitions
from powerbi.generate import project


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """dbt's manifest; a test that changes it takes a copy."""
    return read_manifest(tmp_path_factory.mktemp("dbt"))


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The metrics."""
    return read_definitions()


@pytest.fixture(scope="session")
def generated(manifest: dict, definitions: Definitions) -> dict[str, str]:
    """The project's files by their paths."""
    return project(manifest, definitions)
