"""`make spark`: gold on a Spark cluster of processes, built of the demo's raw tables.

The cluster ends with the build.
"""

import subprocess

from cli import CommandError
from cli.warehouse import this_place
from include.environment import ROOT, pipeline_variables
from include.inherited import inherited
from lakehouse.settings import read_lake_settings

PYTHON = ROOT / ".venv-spark" / "bin" / "python"


def build_gold() -> None:
    """Build and test the star as Iceberg tables below LAKE. Raises CommandError."""
    with this_place() as env:
        settings = pipeline_variables(env) | {"LAKE": read_lake_settings(env).root}
        command = [PYTHON, "-m", "lakehouse.spark", "build"]
        if subprocess.run(command, env=inherited() | settings, cwd=ROOT, check=False).returncode:
            raise CommandError("The star on Spark is not as it should be: the lines above say why")
