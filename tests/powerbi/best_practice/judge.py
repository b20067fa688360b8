"""All checks on a model."""

from tests.powerbi.best_practice import (
    dax_expressions,
    error_prevention,
    formatting,
    maintenance,
    naming,
    performance,
    performance_relationships,
)
from tests.powerbi.best_practice.rules import CHECKS
from tests.powerbi.nodes import Model

# The import of these registers their checks.
CATEGORIES = (
    dax_expressions,
    error_prevention,
    formatting,
    maintenance,
    naming,
    performance,
    performance_relationships,
)


def broken(model: Model) -> set[tuple[str, str]]:
    """Return each rule that is broken, with the label of the object that breaks it."""
    return {(check.rule, node.label) for check in CHECKS.values() for node in check.find(model)}
