"""A copy of the project as a fresh clone would be: what git tracks, and what it would track."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from include.environment import ROOT


def copy_project(prefix: str) -> Path:
    """Copy into a new folder, which the caller deletes.

    Not below pytest's own folder, which is closed to others: run by root, PostgreSQL is somebody else.
    """
    copy = Path(tempfile.mkdtemp(prefix=prefix))
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in names:
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy
