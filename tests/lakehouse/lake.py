"""The lake of a test: raw of its warehouse as silver, and dbt's models by Sail."""

import json
from dataclasses import dataclass
from pathlib import Path

from include.environment import ROOT
from tests.conftest import Platform
from tests.lakehouse import stars

PYTHON = ROOT / ".venv-lake" / "bin" / "python"
OTHER_COLUMNS = """
import sys
import pyarrow
from deltalake import write_deltalake
write_deltalake(sys.argv[1], pyarrow.table({"other": [1]}), mode="overwrite", schema_mode="overwrite")
"""


@dataclass(frozen=True)
class Lake:
    """A folder with the Delta tables that are made of a warehouse."""

    platform: Platform
    folder: Path

    def build(self, *options: str) -> None:
        """Bring silver up to date and run `dbt build` on it; fail with dbt's own words."""
        self.run("tests/lakehouse/copy_raw.py")
        self.run("-m", "lakehouse.gold", "build", *options)

    def star(self) -> dict[str, stars.Rows]:
        return json.loads(self.run("tests/lakehouse/delta_rows.py", f"{self.folder}/{stars.STAR}"))

    def differences(self) -> list[str]:
        """Return what the star has otherwise than PostgreSQL."""
        return stars.differences(stars.in_postgresql(self.platform), self.star())

    def operations(self, table: str) -> list[str]:
        """Return what was done to a table of the star, one word or more a commit."""
        commits = sorted((self.folder / stars.STAR / table / "_delta_log").glob("*.json"))
        actions = [json.loads(line) for commit in commits for line in commit.read_text().splitlines()]
        return [action["commitInfo"]["operation"] for action in actions if "commitInfo" in action]

    def give_other_columns(self, table: str) -> None:
        """Leave a table of the star as models of another version of the project would."""
        self.run("-c", OTHER_COLUMNS, f"{self.folder}/{stars.STAR}/{table}")

    def run(self, *arguments: str) -> str:
        paths = {"DBT_TARGET_PATH": f"{self.folder}/target", "DBT_LOG_PATH": f"{self.folder}/logs"}
        settings = self.platform.dbt_env() | {"LAKE": str(self.folder)} | paths
        return stars.run(PYTHON, *arguments, settings=settings)
