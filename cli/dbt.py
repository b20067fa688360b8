"""dbt for the commands, with artefacts in a folder of its own: those of the pipeline stay as they are."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from include.dbt import project_options

BIN = Path(sys.executable).with_name("dbt")
# What profiles.yml names; parsing logs in nowhere.
NO_LOGIN = dict.fromkeys(("WAREHOUSE_HOST", "WAREHOUSE_DB", "DBT_USER", "DBT_PASSWORD"), "unused")
NO_LOGIN["WAREHOUSE_PORT"] = "5432"
# PYTHONPATH would hide dbt's own package behind our folder.
FOREIGN = ("DBT_", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")


class DbtError(RuntimeError):
    """dbt failed; the message is what it printed."""


def run_dbt(*arguments: str, settings: Mapping[str, str], work_dir: Path) -> Path:
    """Run a dbt command on the project and return the folder of its artefacts, `work_dir`/target.

    `settings` holds the variables of profiles.yml. Raises DbtError.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    paths = {"DBT_TARGET_PATH": str(work_dir / "target"), "DBT_LOG_PATH": str(work_dir / "logs")}
    done = subprocess.run(
        [BIN, "--no-use-colors", *arguments, *project_options()],
        env={**inherited, **settings, **paths},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtError(f"dbt {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}".rstrip())
    return work_dir / "target"
