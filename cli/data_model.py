"""`make data-model`: write anew what documents and tests repeat of the dbt models and of include/tables.py.

`dbt parse` -> manifest.json -> text between the two markers of each block. docs/metrics.md and
include/nodes.txt are written whole.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from cli import LOCAL, CommandError
from cli.diagrams import diagram
from cli.generated_docs import (
    exposed_models,
    files_table,
    grain_table,
    marts_of_the_fact,
    models_with_keys,
    node_lines,
    stack_files,
    watermark_names,
)
from include.dbt import NO_LOGIN, run_dbt
from include.environment import ROOT
from include.manifest import tables
from include.metrics import read_definitions
from include.metrics.page import page

# How the names of models begin.
STAR = ("fct_", "bridge_", "dim_")
MARTS = ("mart_",)

# File -> name of a block -> its lines, from dbt's manifest.
BLOCKS: dict[str, dict[str, Callable[[dict], str]]] = {
    "README.md": {"files": lambda _: files_table()},
    "docs/data-model.md": {
        "star": lambda manifest: diagram(tables(manifest, STAR)),
        "tables of the star": lambda manifest: grain_table(manifest, STAR),
        "tables of the marts": lambda manifest: grain_table(manifest, MARTS),
        "marts": lambda manifest: diagram(tables(manifest, MARTS)),
    },
    "cli/stack": {"file names": lambda _: stack_files()},
    "docs/operations.md": {"watermarks": lambda _: watermark_names()},
    "dbt/models/trusted/_exposures.yml": {"models": exposed_models},
    "dbt/tests/assert_columns_are_filled.sql": {"models": models_with_keys},
    "dbt/tests/assert_keys_are_unique.sql": {"models": models_with_keys},
    "dbt/tests/assert_marts_match_the_fact.sql": {"marts": marts_of_the_fact},
}
COMMENTS = {".md": "<!-- {} -->", ".yml": "# {}", ".sql": "{{# {} #}}", "": "# {}"}


def update_documents() -> None:
    """Write all blocks, or none: raises CommandError when markers of one are missing."""
    manifest = read_manifest(LOCAL / "dbt" / "data-model")
    now = {file: (ROOT / file).read_text(encoding="utf-8") for file in BLOCKS}
    try:
        texts = {file: with_blocks(file, text, manifest) for file, text in now.items()}
    except ValueError as error:
        raise CommandError(str(error)) from error
    texts["docs/metrics.md"] = page(read_definitions())
    texts["include/nodes.txt"] = node_lines(manifest)
    for file, text in texts.items():
        (ROOT / file).write_text(text, encoding="utf-8")
    print(f"Up to date: {', '.join(texts)}")


def read_manifest(work_dir: Path) -> dict:
    """Parse the project, which needs no database, and return dbt's manifest."""
    target = run_dbt("parse", settings=NO_LOGIN, work_dir=work_dir)
    return json.loads((target / "manifest.json").read_text(encoding="utf-8"))


def with_blocks(file: str, text: str, manifest: dict) -> str:
    """Return the text of a file of BLOCKS with its blocks written anew.

    Raises ValueError where markers are missing.
    """
    comment = COMMENTS[Path(file).suffix]
    for name, lines in BLOCKS[file].items():
        begin, end = comment.format(f"{name}: written by make data-model"), comment.format(f"end of {name}")
        found = re.search(
            rf"^ *{re.escape(begin)}\n(.*?)^ *{re.escape(end)}$", text, re.DOTALL | re.MULTILINE
        )
        if not found:
            raise ValueError(f"{file} has no lines `{begin}` and `{end}`: put them back")
        text = text[: found.start(1)] + lines(manifest) + text[found.end(1) :]
    return text
