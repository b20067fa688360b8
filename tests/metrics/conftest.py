"""The stars that metrics are asked of, and the judge: each is made once for a test run."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg2.extensions import cursor as Cursor

from cli.data_model import read_manifest
from include.metrics import Definitions, read_definitions
from powerbi.generate.model import Model
from powerbi.generate.project import model_of
from tests.conftest import Platform
from tests.metrics.copies import copied_star, made_once
from tests.metrics.metricflow_judge import Judge, write_manifest
from tests.metrics.stars import build_demo_star, build_own_star, build_small_star


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture(scope="session")
def without_marts(definitions: Definitions) -> Definitions:
    """The definitions on the facts alone."""
    return definitions.without_marts()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers of the test run."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def judge(shared: Path, definitions: Definitions) -> Judge:
    return Judge(made_once(shared / "semantic_manifest.json", write_manifest), definitions)


@pytest.fixture(scope="session")
def demo_star(servers: dict[str, str], shared: Path) -> Iterator[Platform]:
    """The star of the demo's data, published."""
    star = copied_star(servers, shared / "demo.dump", build_demo_star)
    yield star
    star.close()


@pytest.fixture(scope="session")
def small_star(servers: dict[str, str], shared: Path) -> Iterator[Platform]:
    """A small star with traps, published."""
    star = copied_star(servers, shared / "small.dump", build_small_star)
    yield star
    star.close()


@pytest.fixture(scope="session")
def own_star(servers: dict[str, str], shared: Path) -> Iterator[Platform]:
    """The star of three files that the generator did not make, published."""
    star = copied_star(servers, shared / "own.dump", build_own_star)
    yield star
    star.close()


@pytest.fixture(scope="session")
def model(shared: Path, definitions: Definitions) -> Model:
    """The semantic model of the Power BI project."""
    path = made_once(shared / "manifest.json", _write_manifest)
    return model_of(json.loads(path.read_text(encoding="utf-8")), definitions)


@pytest.fixture
def small(small_star: Platform) -> Iterator[Cursor]:
    """Ask the small star as Power BI does."""
    with as_reader(small_star) as cursor:
        yield cursor


@pytest.fixture
def demo(demo_star: Platform) -> Iterator[Cursor]:
    """Ask the demo's star as Power BI does."""
    with as_reader(demo_star) as cursor:
        yield cursor


def _write_manifest(path: Path) -> None:
    path.write_text(json.dumps(read_manifest(path.with_suffix(".dbt"))), encoding="utf-8")


@contextmanager
def as_reader(star: Platform) -> Iterator[Cursor]:
    """Ask the star as Power BI does; no transaction is left open, which would hold its tables."""
    connection = star.connect("bi_reader")
    with connection, connection.cursor() as cursor:
        yield cursor
    connection.close()
