"""docs/lineage.md: from the columns of the files to the visuals, and back."""

from collections.abc import Iterable, Iterator

from include.lineage.paths import Edges, downstream, upstream
from powerbi.generate.queries import SCHEMA
from powerbi.generate.report.pages import Page

HEAD = """# Lineage

What each visual of the Power BI report is made from, and what breaks when a column is renamed or dropped.
`make lineage` writes this page and [lineage.json](lineage.json), which has every step, anew; nothing here is
written by hand. Of one column, measure or visual it tells more:

    make lineage COLUMN=users.csv:country
    make lineage COLUMN=trusted.dim_users.country

Steps are those of values: what rows are joined, filtered or grouped by is none, but for the relationships of
the Power BI model. The column `*` stands for the rows of a table.
"""
KINDS = {"metric": "metric ", "relationship": " → ", "role": "role ", "hierarchy": "hierarchy "}
NOTHING = "none"


def page(edges: Edges, pages: list[Page]) -> str:
    """Return the page as Markdown; `edges` go from the files to the visuals."""
    return "\n".join([HEAD, *_visuals(edges, pages), *_columns(edges, pages)]).rstrip() + "\n"


def kind_of(name: str) -> str:
    """Return what a name of the lineage is of: file, source, raw, …, metric, column, measure, visual."""
    for kind, mark in KINDS.items():
        if name.startswith(mark) or (kind == "relationship" and mark in name):
            return kind
    if name.endswith("]"):
        return "measure" if name.startswith("[") else "column of the model"
    if ": " in name:
        return "visual"
    return "file" if ":" in name else name.split(".")[0]


def _visuals(edges: Edges, pages: list[Page]) -> Iterator[str]:
    for one in pages:
        yield f"## {one.title}\n"
        yield "| visual | measures | columns of the star | columns of the files |"
        yield "|---|---|---|---|"
        for name in _names(one):
            above = upstream(edges, name)
            shown = [edge for edge in edges[name] if kind_of(edge) == "measure"]
            cells = (_list(shown), _list(_of(above, SCHEMA), f"{SCHEMA}."), _list(_of(above, "file")))
            yield f"| {name.removeprefix(f'{one.title}: ')} | {' | '.join(cells)} |"
        yield ""


def _columns(edges: Edges, pages: list[Page]) -> Iterator[str]:
    names = {name for one in pages for name in _names(one)}
    found = sorted({name for made in edges.values() for name in made if kind_of(name) == "file"})
    yield "## What breaks with a column of a file\n"
    yield "| column | columns of the star | metrics | visuals |"
    yield "|---|---|---|---|"
    for column in found:
        below = downstream(edges, column)
        cells = (_list(_of(below, SCHEMA), f"{SCHEMA}."), _list(_of(below, "metric"), "metric "))
        yield f"| `{column}` | {' | '.join(cells)} | {'; '.join(sorted(below & names)) or NOTHING} |"


def _names(one: Page) -> list[str]:
    return [f"{one.title}: {visual.title}" for visual, _ in one.visuals if visual.data]


def _of(names: Iterable[str], kind: str) -> list[str]:
    return [name for name in names if kind_of(name) == kind]


def _list(names: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f"`{name.removeprefix(prefix)}`" for name in sorted(names)) or NOTHING
