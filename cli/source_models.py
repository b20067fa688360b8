"""`make source-models`: tell dbt what sources.yml brings into raw, and begin the models that are missing.

sources.yml -> _sources.yml, written anew -> for each raw table that no staging model reads, a draft of one.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import yaml

from cli.staging_drafts import draft_description, draft_model, model_name
from include.declarations import FILE, read_sources
from include.environment import ROOT
from include.specs import FRESHNESS, PostgresTable, RawTable
from include.tables import raw_tables_of

STAGING = ROOT / "dbt" / "models" / "staging"
HEADER = "# Written by make source-models from {file}: change it there.\n"
DESCRIPTION = (
    "The current version of each row of the sources, as the loader keeps it. Deleted rows stay, with"
    " _deleted_at set. A row whose values did not change keeps its timestamps."
)
READS = re.compile(r"source\(\s*'raw'\s*,\s*'(\w+)'\s*\)")
NEXT = """
Next: give the drafts' columns the names and types that people expect, and describe them; then make lint.
What feeds the star has names of its own: see Staging in dbt/README.md."""


class _Indented(yaml.SafeDumper):
    """YAML whose lists are indented, as in the rest of the project, and without anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def write_source_models() -> None:
    """Write the sources of dbt's project anew, and the drafts that are missing; say what was written."""
    for path, text in sources_files().items():
        path.write_text(text, encoding="utf-8")
        print(f"Up to date: {path.relative_to(ROOT)}")
    if written := write_drafts(raw_tables_of(read_sources()).values(), STAGING):
        print(*(f"Draft: {path}" for path in written), NEXT, sep="\n")


def sources_files() -> dict[Path, str]:
    """Return the files in which dbt reads what comes into raw: of this platform, and of the example."""
    own = {"name": "raw", "schema": "raw", "description": DESCRIPTION, "config": {}}
    example = {"name": "example", "schema": "raw", "description": "What docs/example/sources.yml brings."}
    example["config"] = {"enabled": "{{ var('staging', 'product') == 'example' }}"}
    return {
        STAGING / "_sources.yml": _sources(FILE, own),
        STAGING / "example" / "_sources.yml": _sources(ROOT / "docs" / "example" / "sources.yml", example),
    }


def write_drafts(tables: Iterable[RawTable], staging: Path) -> list[Path]:
    """Write model and YAML of each raw table that no model reads into `own/`; return the files written.

    A file that is there is never written.
    """
    read = {raw for path in staging.rglob("*.sql") for raw in READS.findall(path.read_text(encoding="utf-8"))}
    written = []
    for table in tables:
        model = staging / "own" / f"{model_name(table)}.sql"
        if table.raw in read or list(staging.rglob(model.name)):
            continue
        model.parent.mkdir(exist_ok=True)
        model.write_text(draft_model(table), encoding="utf-8")
        described = model.with_suffix(".yml")
        described.write_text(_dumped({"models": [draft_description(table)]}), encoding="utf-8")
        written += [model, described]
    return written


def _sources(file: Path, source: dict) -> str:
    """Return the YAML of one source with the raw tables that the file declares."""
    source["config"] |= {"loaded_at_field": "_loaded_at", "freshness": _freshness(FRESHNESS)}
    source["tables"] = [_table(table) for table in raw_tables_of(read_sources(file)).values()]
    return HEADER.format(file=file.relative_to(ROOT)) + _dumped({"sources": [source]})


def _table(table: RawTable) -> dict[str, object]:
    """Return what dbt is told of a raw table."""
    described: dict[str, object] = {"name": table.raw, "description": table.description}
    if table.freshness != FRESHNESS:
        described["config"] = {"freshness": _freshness(table.freshness)}
    columns = table.columns if isinstance(table, PostgresTable) else table.raw_columns
    if personal := [column.name for column in columns if column.personal]:
        described["columns"] = [{"name": name, "config": {"meta": {"personal": True}}} for name in personal]
    return described


def _freshness(words: str) -> dict | None:
    """Return dbt's freshness for `36 hours`; none for `none`. It only warns: a source may bring nothing."""
    if words == "none":
        return None
    count, period = words.split()
    return {"warn_after": {"count": int(count), "period": period.rstrip("s")}}


def _dumped(content: object) -> str:
    return yaml.dump(content, Dumper=_Indented, sort_keys=False, width=100, allow_unicode=True)
