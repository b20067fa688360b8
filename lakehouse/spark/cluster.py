"""A standalone Spark cluster on this machine: a master and two workers, each a process.

For tests and trials; elsewhere SPARK_MASTER names the cluster that is there.
`python -m lakehouse.spark.cluster FOLDER` runs it until it is interrupted, and prints its address and the
process ids of the workers as JSON.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyspark

from lakehouse.spark.java import java_variables

HOST = "127.0.0.1"
WORKERS = 2
# Of each worker. An executor takes all that its worker has.
CORES, MEMORY = "1", "2g"
START_SECONDS = 120
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


class ClusterError(RuntimeError):
    """A process of the cluster did not start; the message has the end of its log."""


@dataclass(frozen=True)
class Cluster:
    """The address that SPARK_MASTER takes, and the processes of the workers."""

    master: str
    workers: list[subprocess.Popen]


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run the cluster during the block, with logs and scratch files in the folder. Raises ClusterError."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        master = stack.enter_context(_process(folder / "master.log", MASTER))
        address = _said(r"Starting Spark master at (\S+)", master, folder / "master.log")
        workers = []
        for number in range(WORKERS):
            log = folder / f"worker-{number}.log"
            options = ["-c", CORES, "-m", MEMORY, "-d", str(folder / f"worker-{number}"), address]
            workers.append(stack.enter_context(_process(log, WORKER, *options)))
        for number, worker in enumerate(workers):
            _said("(Successfully registered)", worker, folder / f"worker-{number}.log")
        yield Cluster(address, workers)


@contextmanager
def _process(log: Path, role: str, *options: str) -> Iterator[subprocess.Popen]:
    """Run a part of the cluster on free ports during the block."""
    home = Path(pyspark.__file__).parent
    command = [
        home / "bin" / "spark-class",
        role,
        "--host",
        HOST,
        "--port",
        "0",
        "--webui-port",
        "0",
        *options,
    ]
    said = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": "256m"}
    env = {**os.environ, **java_variables(), **said}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _said(pattern: str, process: subprocess.Popen, log: Path) -> str:
    """Wait for the line in a process's log, and return what the pattern's group finds in it."""
    deadline = time.monotonic() + START_SECONDS
    while not (found := re.search(pattern, log.read_text())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise ClusterError(f"{log}: {log.read_text()[-2000:]}")
        time.sleep(0.2)
    return found.group(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with cluster(Path(sys.argv[1])) as running:
        print(json.dumps({"master": running.master, "workers": [w.pid for w in running.workers]}), flush=True)
        signal.pause()
