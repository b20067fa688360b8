"""What Power BI refuses of a model although each name in it leads somewhere."""

from collections.abc import Iterator

from tests.powerbi.nodes import Model


def refusal_problems(model: Model) -> Iterator[str]:
    """Yield what a model lacks as a whole, and properties that exclude or ask for each other."""
    yield from _whole(model)
    for measure in model.measures():
        if "formatString" in measure.properties and measure.of("formatStringDefinition"):
            yield f"{measure.place}: {measure.label} has a formatString and a formatStringDefinition"
    for table in model.tables():
        keys = [column.name for column in model.columns(table) if column.has("isKey")]
        if len(keys) > 1:
            yield f"{table.place}: table {table.name} has several keys: {', '.join(keys)}"
    for node in model.relationships():
        secured = node.properties.get("securityFilteringBehavior") == "bothDirections"
        if secured and node.properties.get("crossFilteringBehavior") != "bothDirections":
            yield f"{node.place}: the security of {node.label} filters in both directions, its filters do not"


def _whole(model: Model) -> Iterator[str]:
    """One database and one model, whose tables are imported by Power BI's third version of data sources."""
    for kind in ("database", "model"):
        if len(model.every(kind)) != 1:
            yield f"the project has {len(model.every(kind))} objects of kind {kind}, not one"
    for node in model.every("database"):
        if "compatibilityLevel" not in node.properties:
            yield f"{node.place}: the database has no compatibilityLevel"
    for node in model.every("model"):
        if node.properties.get("defaultPowerBIDataSourceVersion") != "powerBI_V3":
            yield f"{node.place}: the model's defaultPowerBIDataSourceVersion is not powerBI_V3"
        if model.every("calculationGroup") and not node.has("discourageImplicitMeasures"):
            yield f"{node.place}: calculation groups ask for discourageImplicitMeasures"
