"""The dashboard's pages on the demo's star, asked without a browser."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.settings import LOGIN, Settings
from dashboard.warehouse import Warehouse
from include.metrics import Definitions, read_definitions
from tests.conftest import Platform
from tests.metrics.copies import copied_star
from tests.metrics.stars import build_demo_star


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture(scope="session")
def demo_star(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The star of the demo's data, published; of all workers one builds it."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    star = copied_star(servers, Path(shared) / "demo.dump", build_demo_star)
    yield star
    star.close()


def settings_of(platform: Platform) -> Settings:
    return Settings(LOGIN.parameters(platform.env), "127.0.0.1", 0)


@pytest.fixture(scope="session")
def publications(demo_star: Platform, definitions: Definitions) -> Publications:
    publications = Publications(Warehouse(settings_of(demo_star)), definitions)
    publications.refresh()
    assert publications.state.problem is None
    return publications


@pytest.fixture(scope="session")
def client(publications: Publications) -> FlaskClient:
    return create_app(publications).test_client()
