"""Spark of a test: a master and two workers, and dbt's models as Iceberg tables built straight from raw."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.environment import ROOT
from include.inherited import inherited
from tests.conftest import Platform
from tests.lakehouse import stars

PYTHON = ROOT / ".venv-spark" / "bin" / "python"
# Small data end before the second compiler pays.
JVM = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}


@dataclass(frozen=True)
class Cluster:
    """The address of a cluster's master, and the process ids of its workers."""

    master: str
    workers: list[int]


@dataclass(frozen=True)
class Spark:
    """The star of a warehouse on a cluster."""

    platform: Platform
    folder: Path
    cluster: Cluster

    def build(self, *options: str) -> list[str]:
        """Run `dbt build`; return what the star then has otherwise than PostgreSQL. Fails with dbt's words."""
        build = self.start(*options)
        output, _ = build.communicate()
        assert build.returncode == 0, output[-5000:]
        found = json.loads((self.folder / "star.json").read_text())
        return stars.differences(stars.in_postgresql(self.platform), found)

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start the same; what it prints is read line by line."""
        arguments = ["tests/lakehouse/spark_build.py", str(self.folder / "star.json"), stars.STAR, "build"]
        paths = {"DBT_TARGET_PATH": f"{self.folder}/target", "DBT_LOG_PATH": f"{self.folder}/logs"}
        settings = {"LAKE": str(self.folder), "SPARK_MASTER": self.cluster.master, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [PYTHON, *arguments, *options],
            env=inherited() | self.platform.dbt_env() | settings | paths | JVM,
            cwd=ROOT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )


@contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    """Run a master and two workers during the block."""
    command = [PYTHON, "-m", "lakehouse.spark.cluster", str(folder)]
    process = subprocess.Popen(command, env=inherited() | JVM, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    try:
        yield Cluster(**json.loads(process.stdout.readline()))
    finally:
        process.terminate()
        process.wait()
