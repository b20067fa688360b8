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
# The last line of a build.
WELL, BADLY = "dbt ended well", "dbt ended badly"


@dataclass(frozen=True)
class Cluster:
    """The address of a cluster's master, and the process ids of its workers."""

    master: str
    workers: list[int]


@dataclass(frozen=True)
class Spark:
    """The star of a warehouse on a cluster: its session, in a process that stays for all builds."""

    platform: Platform
    star: Path
    process: subprocess.Popen[str]

    def build(self, *options: str) -> list[str]:
        """Run `dbt build`; return what the star has otherwise than PostgreSQL. Fails with dbt's words."""
        self.begin(*options)
        return self.end()

    def begin(self, *options: str) -> None:
        """Begin the same."""
        self.process.stdin.write(json.dumps(["build", *options]) + "\n")
        self.process.stdin.flush()

    def wait_for(self, text: str) -> None:
        """Wait until the build prints the text."""
        assert any(text in line for line in self.process.stdout)

    def end(self) -> list[str]:
        """Wait for the build that was begun; return what `build` does."""
        said = [""]
        while not said[-1].startswith((WELL, BADLY)) and (line := self.process.stdout.readline()):
            said.append(line)
        assert said[-1].startswith(WELL), "".join(said)[-5000:]
        return stars.differences(stars.in_postgresql(self.platform), json.loads(self.star.read_text()))


@contextmanager
def session(platform: Platform, cluster: Cluster, folder: Path) -> Iterator[Spark]:
    """Open a session on the cluster, with its tables in the folder, during the block."""
    star = folder / "star.json"
    paths = {"DBT_TARGET_PATH": f"{folder}/target", "DBT_LOG_PATH": f"{folder}/logs"}
    settings = {"LAKE": str(folder), "SPARK_MASTER": cluster.master, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [PYTHON, "tests/spark/build_star.py", star, stars.STAR],
        env=inherited() | platform.dbt_env() | settings | paths | JVM,
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        # It ends with its input.
        yield Spark(platform, star, process)


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
