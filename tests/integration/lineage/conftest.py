"""What dbt compiles of the real models, and the edges that follow from it: once for all tests."""

import pytest

from include.lineage import (
    Edges,
    column_lineage,
    compiled_models,
    file_lineage,
    raw_columns,
    source_lineage,
)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compiled_models(tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="session")
def edges(compiled: dict[str, str]) -> Edges:
    return column_lineage(compiled, raw_columns()) | source_lineage() | file_lineage()


@pytest.fixture(scope="session")
def star(edges: Edges) -> set[str]:
    """The columns of the star, as readers see it."""
    return {column for column in edges if column.startswith("trusted.") and not column.endswith(".*")}
