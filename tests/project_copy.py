"""A copy of the project as a fresh clone would be: what git tracks, and what it would track."""

import shutil
import subprocess
import sys
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


def run_python(copy: Path, *arguments: str) -> str:
    """Run Python in the copy; fail with what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def run_tests(copy: Path, *files: str) -> str:
    """Run tests of the copy, which are in its folder alone."""
    return run_python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files)
