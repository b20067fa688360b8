"""`make powerbi`: write the Power BI project anew, from dbt's manifest and the metrics."""

import shutil
from pathlib import Path

from cli import LOCAL
from cli.data_model import read_manifest
from include.environment import ROOT
from include.metrics import read_definitions
from powerbi.generate import project
from powerbi.generate.project import MODEL, NAME, REPORT

FOLDER = ROOT / "powerbi"
# Folders in which nothing is that was not generated.
GENERATED = (f"{MODEL}/definition", f"{REPORT}/definition", f"{REPORT}/StaticResources")


def generated_project(work_dir: Path = LOCAL / "dbt" / "powerbi") -> dict[str, str]:
    """Return the project's files by their paths; dbt parses its own project, which needs no database."""
    return project(read_manifest(work_dir), read_definitions())


def write_project(folder: Path = FOLDER) -> None:
    """Replace the project in the folder; what else is in it stays, as the data that Desktop keeps in .pbi."""
    files = generated_project()
    for part in GENERATED:
        shutil.rmtree(folder / part, ignore_errors=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    print(f"Wrote {len(files)} files: open powerbi/{NAME}.pbip in Power BI Desktop")
