"""The commands of the lake's tasks. They run in venvs of their own: Sail and Spark do not fit beside Airflow.

The engine that builds gold is LAKE_ENGINE of `.env`. Nothing of Airflow is imported here: the lake's own
tests run these commands.
"""

import os
import shlex
from collections.abc import Mapping

from include.dbt import BUILD, UNWANTED
from include.environment import ROOT

SAIL = "sail"
# What builds gold by each engine: the venv, and what Python is to run there.
GOLD = {SAIL: ("lake", ["lakehouse", "gold"]), "spark": ("spark", ["lakehouse.spark.gold", *BUILD])}
# A task's input is Airflow's socket: nothing reads it. dbt writes beside the pipeline's dbt, not over it.
COMMAND = """
exec </dev/null
: "${{LAKE:?is empty. Set it in .env and start Airflow again: docs/lakehouse.md}}"
if [ ! -x {python} ]; then
  echo {lacking} >&2
  exit 1
fi
exec env {unset} DBT_TARGET_PATH={target} {python} -m {line}
"""


def load_command() -> str:
    """Return the shell command that lands what changed in raw, and merges it into silver."""
    return _command("lake", ["lakehouse", "load"])


def gold_command(env: Mapping[str, str] = os.environ) -> str:
    """Return the shell command that lets dbt build and test the star, by the engine that is set."""
    return _command(*GOLD[env.get("LAKE_ENGINE") or SAIL])


def publish_command() -> str:
    """Return the shell command that lets readers of the lake see it."""
    return _command("lake", ["lakehouse", "publish"])


def _command(name: str, line: list[str]) -> str:
    """Return the command; it ends with SERVER_AWAY of include/dbt.py where another try can help."""
    return COMMAND.strip().format(
        python=shlex.quote(str(ROOT / f".venv-{name}" / "bin" / "python")),
        lacking=shlex.quote(f"There is no .venv-{name} in {ROOT}: run cli/setup {name} there"),
        unset=shlex.join(f"-u{variable}" for variable in (*UNWANTED, "DBT_LOG_PATH")),
        target=shlex.quote(str(ROOT / ".local" / f"{name}-dbt")),
        line=shlex.join(line),
    )
