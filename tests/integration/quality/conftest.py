"""What the tests of the comparison share."""

import pytest

from tests.integration.helpers.pipeline import Pipeline
from tests.integration.quality.comparison import load
from tests.integration.quality.files import MOVIES, SERIES, SESSION_ROWS, USER_ROWS


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    """Both sources seeded and loaded."""
    pipeline.seed_users(*USER_ROWS)
    pipeline.seed_sessions(*SESSION_ROWS)
    pipeline.seed_content(MOVIES, SERIES)
    return load(pipeline)
