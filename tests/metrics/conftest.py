"""The stars that metrics are asked of, once for each file of tests."""

from collections.abc import Iterator

import pytest
from psycopg2.extensions import cursor as Cursor

from include.metrics import Definitions, read_definitions
from tests.conftest import Platform
from tests.metrics.stars import build_demo_star, build_small_star


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.fixture(scope="module")
def demo_star(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """The star of the demo's data, published."""
    build_demo_star(warehouse, tmp_path_factory.mktemp("demo"))
    return warehouse


@pytest.fixture(scope="module")
def small_star(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A small star with traps, published."""
    build_small_star(warehouse, tmp_path_factory.mktemp("small"))
    return warehouse


@pytest.fixture
def small(small_star: Platform) -> Iterator[Cursor]:
    """Ask the small star as Power BI does."""
    yield from _as_reader(small_star)


@pytest.fixture
def demo(demo_star: Platform) -> Iterator[Cursor]:
    """Ask the demo's star as Power BI does."""
    yield from _as_reader(demo_star)


def _as_reader(star: Platform) -> Iterator[Cursor]:
    connection = star.connect("bi_reader")
    with connection, connection.cursor() as cursor:
        yield cursor
    connection.close()
