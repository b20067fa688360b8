"""What the process has in memory of which `tests/warm_dbt.py` makes forks: dbt, and one parse of the project.

Imported by that process only.
"""

import gc
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from include.dbt import NO_LOGIN, project_options
from include.environment import ROOT
from include.libpq import DBT_VARIABLES

gc.disable()
# Else our folder dbt would stand before the package.
sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != ROOT]
from dbt.cli.main import cli  # noqa: E402
from dbt_common.events.functions import reset_metadata_vars  # noqa: E402
from dbt_common.invocation import reset_invocation_id  # noqa: E402

# The static parser's threads would be missing in a fork.
FORKABLE = "--no-static-parser"
PARSE = ("--quiet", "--log-level-file", "none", "parse", "--no-write-json", FORKABLE)


def run(arguments: list[str], settings: dict[str, str], output: str) -> None:
    """Be `dbt` with these arguments and this environment, printing into a file, until it exits."""
    os.environ.clear()
    os.environ.update(settings)
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(file, number)
    sys.argv[:] = ["dbt", *arguments]
    reset_metadata_vars()
    reset_invocation_id()
    cli([*arguments, FORKABLE])


with tempfile.TemporaryDirectory() as folder, suppress(SystemExit):
    os.environ.update({**NO_LOGIN, **DBT_VARIABLES, "DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder})
    cli([*PARSE, *project_options()])
