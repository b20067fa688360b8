"""What the tests of a source's shape share."""

import pytest

from tests.integration.extract_load.drift.shapes import STRICT_USERS
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN


@pytest.fixture
def loaded(own_pipeline: Pipeline) -> Pipeline:
    """Two users, loaded, on databases of their own."""
    own_pipeline.seed_users(ANA, BEN)
    own_pipeline.extract(STRICT_USERS)
    return own_pipeline
