"""The Power BI project as it is generated now."""

import pytest

from cli.powerbi import generated_project


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The project's files by their paths."""
    return generated_project(tmp_path_factory.mktemp("dbt"))
