"""Run the dbt command line in a process of its own, as the platform does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt"


def run_dbt(*arguments: str, env: Mapping[str, str], work_dir: Path) -> str:
    """Run dbt with its artefacts under `work_dir`; return what it printed, or fail with it."""
    # The repository's folder dbt/ must not be importable, or it hides dbt's own package.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    paths = {"DBT_TARGET_PATH": str(work_dir / "target"), "DBT_LOG_PATH": str(work_dir / "logs")}
    beside_python = Path(sys.executable).with_name("dbt")
    dbt = str(beside_python) if beside_python.exists() else shutil.which("dbt") or "dbt"
    folders = ["--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)]
    finished = subprocess.run(
        [dbt, "--no-use-colors", *arguments, *folders],
        env={**inherited, **env, **paths},
        cwd=work_dir,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout[-6000:] + finished.stderr[-2000:]
    return finished.stdout
