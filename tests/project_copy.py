"""A copy of the project as a fresh clone would be: what git tracks, and what it would track."""

import subprocess
import sys
import tempfile
from pathlib import Path

from include.environment import ensure_env
from lessons import copies

# A demo of them takes half a minute.
SIZES = {"GENERATE_USERS": "60", "GENERATE_TITLES": "15", "GENERATE_SESSIONS": "900"}


def copy_project(prefix: str) -> Path:
    """Copy into a new folder, which the caller deletes.

    Not below pytest's own folder, which is closed to others: run by root, PostgreSQL is somebody else.
    """
    copy = Path(tempfile.mkdtemp(prefix=prefix))
    copies.copy_project(copy)
    return copy


def copy_of_small_size(prefix: str, **settings: str) -> Path:
    """Copy as `copy_project`, with an .env that has all settings: small sizes, and these."""
    copy = copy_project(prefix)
    # PostgreSQL runs as another user where this one is root.
    copy.chmod(0o755)
    env_file = copy / ".env"
    ensure_env(env_file, copy / ".env.example")
    ours = SIZES | settings
    lines = env_file.read_text().splitlines()
    kept = [line for line in lines if line.partition("=")[0] not in ours]
    env_file.write_text("\n".join([*kept, *(f"{name}={value}" for name, value in ours.items())]) + "\n")
    return copy


def run_python(copy: Path, *arguments: str) -> str:
    """Run Python in the copy; fail with what it printed."""
    done = subprocess.run([sys.executable, *arguments], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    return done.stdout


def run_tests(copy: Path, *files: str) -> str:
    """Run tests of the copy, which are in its folder alone."""
    return run_python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files)
