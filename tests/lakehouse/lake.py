"""A lake that follows the warehouse of a test: its raw, and the star that Sail builds of that."""

import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from include.environment import ROOT
from include.inherited import inherited
from lakehouse import bronze, silver, tested
from lakehouse.checksums import star_rows
from lakehouse.lake import Lake
from lakehouse.publications import publish
from lakehouse.query import seen_by_readers
from lakehouse.settings import read_lake_settings
from tests.conftest import Platform
from tests.lakehouse import stars

PYTHON = ROOT / ".venv-lake" / "bin" / "python"


@dataclass(frozen=True)
class BuiltLake:
    """The lake of the settings, and a folder for what dbt writes of its work."""

    platform: Platform
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def lake(self) -> Lake:
        return Lake(read_lake_settings({"LAKE": f"{self.folder}/lake", **self.settings}))

    def load(self) -> None:
        """Bring silver up to date with raw."""
        with closing(self.platform.connect("dbt_transformer")) as connection:
            bronze.land(connection, self.lake, datetime.now(UTC))
        silver.merge(self.lake)

    def build(self, *options: str) -> None:
        """Load, run `dbt build` with the options, and publish the star; fail with dbt's own words."""
        self.load()
        with tested.build(self.lake):
            self.run("-m", "lakehouse.gold", "build", *options)
        publish(self.lake)

    def star(self) -> dict[str, stars.Rows]:
        """Return the star that readers see."""
        seen = seen_by_readers(self.lake).versions
        return {
            name.removeprefix(tested.STAR): list(star_rows(self.lake, name, version))
            for name, version in seen.items()
            if name.startswith(tested.STAR)
        }

    def differences(self) -> list[str]:
        """Return what readers see of the star otherwise than in PostgreSQL."""
        return stars.differences(stars.in_postgresql(self.platform), self.star())

    def run(self, *arguments: str) -> str:
        """Run Python as a task does, on the warehouse and the lake; return what it printed."""
        return stars.run(PYTHON, *arguments, settings=self._variables())

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command of the lake as a task does; what it prints is read line by line."""
        return subprocess.Popen(
            [PYTHON, "-m", "lakehouse", *command],
            env=inherited() | self._variables(),
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _variables(self) -> dict[str, str]:
        settings = {"LAKE": self.lake.settings.root, **self.settings}
        paths = {"DBT_TARGET_PATH": f"{self.folder}/target", "DBT_LOG_PATH": f"{self.folder}/logs"}
        return self.platform.dbt_env() | settings | paths
