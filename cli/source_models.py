"""`make source-models`: tell dbt what sources.yml brings into raw, and begin the models that are missing.

sources.yml -> _sources.yml, written anew -> for each raw table that no staging model reads, a draft of one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
import yaml

from cli.staging_drafts import draft_model, draft_yaml, model_name, to_yaml
from include.declarations import FILE, read_sources
from include.environment import ROOT
from include.specs import FRESHNESS, RawTable

PROJECT = ROOT / "dbt"
STAGING = Path("models") / "staging"
HEADER = """\
# Written by make source-models from {file}: change it there.
# A source that is not fresh is a warning only: one without changes brings no new rows and works.
"""
RAW = (
    "The current version of each row of the product's systems, as the loader keeps it. Deleted rows stay,"
    " with _deleted_at set. A row whose values did not change keeps its timestamps."
)
READS = re.compile(r"source\(\s*'raw'\s*,\s*'(\w+)'\s*\)")
DESCRIBES = re.compile(r"^ *- name: (stg_\w+)$", re.MULTILINE)
NEXT = """
Next: give the columns of the drafts the names and types that people expect, and describe them; then `make
lint`. What feeds the star has names of its own: see Staging in dbt/README.md."""


@dataclass(frozen=True)
class Declared:
    """What dbt is told of one file of entries: under which name, and in which file of dbt's project."""

    file: Path
    written: Path
    name: str = "raw"
    description: str = RAW
    enabled: str | None = None


OWN = Declared(FILE, STAGING / "_sources.yml")
EXAMPLE = Declared(
    ROOT / "docs" / "example" / "sources.yml",
    STAGING / "example" / "_sources.yml",
    name="example",
    description="What docs/example/sources.yml brings into raw.",
    enabled="{{ var('staging', 'product') == 'example' }}",
)


def write_source_models() -> None:
    """Write the sources of dbt's project anew, and the drafts that are missing; say what was written."""
    for declared in (OWN, EXAMPLE):
        # Who needs no example deletes it.
        if declared.file.exists() and (PROJECT / declared.written).parent.exists():
            (PROJECT / declared.written).write_text(sources_yaml(declared), encoding="utf-8")
            print(f"Up to date: {_shown(PROJECT / declared.written)}")
    if written := write_drafts(OWN.file, PROJECT / STAGING):
        print(*(f"Draft: {_shown(path)}" for path in written), NEXT, sep="\n")


def sources_yaml(declared: Declared) -> str:
    """Return the file in which dbt reads what the entries bring into raw."""
    config = {"enabled": declared.enabled} if declared.enabled else {}
    config |= {"loaded_at_field": "_loaded_at", "freshness": _freshness(FRESHNESS)}
    source = {"name": declared.name, "schema": "raw", "description": declared.description, "config": config}
    source["tables"] = [_described(table) for table, _ in _raw_tables(declared.file)]
    return HEADER.format(file=_shown(declared.file)) + to_yaml({"sources": [source]})


def write_drafts(entries: Path, staging: Path) -> list[Path]:
    """Write a draft for each raw table that no model in use reads; return the files written.

    What is there stays: a file, a model of that name in another folder, and its description.
    """
    sql, described = _texts(staging, "*.sql"), _texts(staging, "*.yml")
    read = {raw for text in sql.values() for raw in READS.findall(text)}
    names = {path.stem for path in sql}
    has_yaml = {name for text in described.values() for name in DESCRIBES.findall(text)}
    written: list[Path] = []
    for table, is_played in _raw_tables(entries):
        name = model_name(table)
        if table.raw in read:
            continue
        if name in names:
            print(f"No draft for raw.{table.raw}: a model {name} is there, which does not read it")
            continue
        path = staging / ("product" if is_played else "own") / f"{name}.sql"
        written += _write_new(path, draft_model(table))
        if name not in has_yaml:
            written += _write_new(path.with_suffix(".yml"), draft_yaml(table))
    return written


def folders_in_use(staging: Path) -> list[Path]:
    """Return the folders below staging that dbt reads, without those that dbt_project.yml switches off."""
    project = yaml.safe_load((staging.parents[1] / "dbt_project.yml").read_text(encoding="utf-8"))
    config = project["models"][project["name"]]["staging"]
    return [folder for folder in sorted(staging.iterdir()) if folder.is_dir() and _is_on(config, folder.name)]


def _is_on(config: Mapping, folder: str) -> bool:
    """Tell what dbt makes of `+enabled`, where a variable has the default that stands there."""
    enabled = str(config.get(folder, {}).get("+enabled", True))
    return jinja2.Template(enabled).render(var=lambda _, default: default).lower() == "true"


def _texts(staging: Path, pattern: str) -> dict[Path, str]:
    """Return the texts of the files that dbt reads, by path."""
    paths = [
        *staging.glob(pattern),
        *(path for folder in folders_in_use(staging) for path in folder.rglob(pattern)),
    ]
    return {path: path.read_text(encoding="utf-8") for path in paths}


def _write_new(path: Path, text: str) -> list[Path]:
    """Write a file that is not there yet; return what was written."""
    if path.exists():
        return []
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return [path]


def _raw_tables(entries: Path) -> Iterator[tuple[RawTable, bool]]:
    """Yield each raw table once, and whether the platform plays its source."""
    for source in read_sources(entries):
        for table in source.raw_tables:
            yield table, source.file is not None


def _described(table: RawTable) -> dict[str, object]:
    """Return what dbt is told of a raw table: what a row is, how fresh it is, which columns are personal."""
    described: dict[str, object] = {"name": table.raw}
    if table.description:
        described["description"] = table.description
    if table.freshness != FRESHNESS:
        described["config"] = {"freshness": _freshness(table.freshness)}
    personal = [column.name for column in table.raw_columns if column.personal]
    if personal:
        described["columns"] = [{"name": name, "config": {"meta": {"personal": True}}} for name in personal]
    return described


def _freshness(words: str) -> dict[str, object] | None:
    """Return the words as dbt has them: 36 hours -> {warn_after: {count: 36, period: hour}}, none -> None."""
    if words == "none":
        return None
    count, period = words.split()
    return {"warn_after": {"count": int(count), "period": period.removesuffix("s")}}


def _shown(path: Path) -> str:
    """Return the path as people in the project's folder write it."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
