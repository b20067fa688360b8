"""Walks along the edges between columns, and the edges as they are written into JSON."""

from collections import defaultdict

# A column -> the columns that it is made from, without anything between.
Edges = dict[str, set[str]]


def upstream(edges: Edges, column: str) -> set[str]:
    """Return all that the column is made from, at any distance."""
    found: set[str] = set()
    ahead = [column]
    while ahead:
        new = edges.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def downstream(edges: Edges, column: str) -> set[str]:
    """Return all that is made from the column, at any distance."""
    made_of_it: Edges = defaultdict(set)
    for made, sources in edges.items():
        for source in sources:
            made_of_it[source].add(made)
    return upstream(made_of_it, column)


def listed(edges: Edges) -> list[dict[str, str]]:
    """Return the edges as {"from": …, "to": …}, ordered by where they lead to."""
    return [{"from": source, "to": made} for made in sorted(edges) for source in sorted(edges[made])]
