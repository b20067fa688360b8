"""The project's code as one zip: what the jobs import, and the dbt project."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from include.environment import ROOT

FOLDERS = ("aws", "include", "lakehouse", "dbt")
SUFFIXES = {".py", ".sql", ".yml", ".json", ".csv", ".md", ".txt"}
# What dbt and Python write beside the code.
WRITTEN = {"target", "logs", "__pycache__"}


def bundle(root: Path = ROOT) -> bytes:
    """Return the zip; the same code gives the same bytes."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _code(root):
            # With a fixed time: the zip changes only with the code.
            archive.writestr(zipfile.ZipInfo(str(path.relative_to(root))), path.read_bytes())
    return found.getvalue()


def _code(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in SUFFIXES and not WRITTEN & set(path.relative_to(root).parts):
                yield path
