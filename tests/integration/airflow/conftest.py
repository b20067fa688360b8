"""An Airflow for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.running_airflow import Airflow, running_airflow


@pytest.fixture(scope="module")
def airflow() -> Iterator[Airflow]:
    with running_airflow() as airflow:
        yield airflow
