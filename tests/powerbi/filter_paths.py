"""The ways that a filter takes from table to table: at most one between two, or the model does not load."""

from collections import Counter
from collections.abc import Iterator

from tests.powerbi.nodes import Model, Node

Edges = dict[str, set[str]]


def path_problems(model: Model) -> Iterator[str]:
    """Yield tables that two active relationships join, and tables that a filter reaches in two ways."""
    active = [
        node
        for node in model.relationships()
        if node.properties.get("isActive") != "false" and all(node.ends())
    ]
    pairs = Counter(tuple(sorted(table for table, _ in node.ends())) for node in active)
    for pair, count in pairs.items():
        if count > 1:
            yield f"{count} active relationships join {' and '.join(pair)}"
    edges = _edges(active)
    for start in edges:
        for end, ways in Counter(_reached(edges, start, {start})).items():
            if ways > 1:
                yield f"a filter on {start} reaches {end} in {ways} ways"


def _edges(active: list[Node]) -> Edges:
    """Return which tables each table filters: those on the many side, and back if both directions filter."""
    edges: Edges = {}
    for node in active:
        (many, _), (one, _) = node.ends()
        edges.setdefault(one, set()).add(many)
        both = node.properties.get("crossFilteringBehavior") == "bothDirections"
        one_to_one = node.properties.get("fromCardinality") == "one"
        if both or one_to_one:
            edges.setdefault(many, set()).add(one)
    return edges


def _reached(edges: Edges, table: str, passed: set[str]) -> Iterator[str]:
    """Yield the tables at the end of every way from a table, once for each way."""
    for following in edges.get(table, set()) - passed:
        yield following
        yield from _reached(edges, following, passed | {following})
