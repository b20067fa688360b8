"""`make lineage`: the steps from the columns of the files to Power BI's visuals."""

import json
from collections import defaultdict

from cli import LOCAL, CommandError
from cli.output import print_table
from include.environment import ROOT
from include.metrics import read_definitions
from include.metrics.spelling import proposed

DOCS = ROOT / "docs"


def write_lineage() -> None:
    """Write docs/lineage.md and docs/lineage.json anew."""
    for name, text in generated_lineage().items():
        (DOCS / name).write_text(text, encoding="utf-8", newline="\n")
    print("Up to date: docs/lineage.md, docs/lineage.json")


def generated_lineage() -> dict[str, str]:
    """Return the texts of the page and of the list of steps, by the names of their files."""
    from include.lineage import listed
    from powerbi.generate.lineage_page import page

    edges, pages = _edges()
    steps = ",\n".join(json.dumps(step, ensure_ascii=False) for step in listed(edges))
    return {"lineage.md": page(edges, pages), "lineage.json": f"[\n{steps}\n]\n"}


def print_lineage(column: str) -> None:
    """Print what the column is made from, and what is made from it.

    Raises CommandError where there is none of the name.
    """
    from include.lineage import downstream, upstream

    edges, _ = _edges()
    known = {*edges, *(name for made in edges.values() for name in made)}
    if column not in known:
        near = proposed(column, known) or "docs/lineage.md has the names"
        raise CommandError(f"There is no {column!r} in the lineage: {near}")
    for title, found in (
        ("Made from", upstream(edges, column)),
        ("Breaks with it", downstream(edges, column)),
    ):
        print(f"{title}:" if found else f"{title}: nothing")
        print_table(("", ""), "  {:22}{}", _by_kind(found))


def _by_kind(names: set[str]) -> list[tuple[str, str]]:
    from powerbi.generate.lineage_page import kind_of

    found = defaultdict(list)
    for name in sorted(names):
        found[kind_of(name)].append(name)
    return [(kind, name) for kind in found for name in found[kind]]


def _edges() -> tuple[dict[str, set[str]], list]:
    """Return the edges from the files to the visuals, and the report's pages. Raises DbtError."""
    from include.lineage import column_lineage, compiled_models, file_lineage, raw_columns, source_lineage
    from powerbi.generate import lineage_of

    work_dir = LOCAL / "dbt" / "lineage"
    compiled = compiled_models(work_dir)
    manifest = json.loads((work_dir / "target" / "manifest.json").read_text(encoding="utf-8"))
    edges = column_lineage(compiled, raw_columns()) | source_lineage() | file_lineage()
    of_project, pages = lineage_of(manifest, read_definitions())
    return edges | of_project, pages
