"""A small product and its pipeline on real servers."""

from dataclasses import dataclass

from tests.integration.helpers.looks import Looks
from tests.integration.helpers.steps import Steps


@dataclass
class Pipeline(Looks, Steps):
    """Write files, seed, extract, look at what came of it."""
