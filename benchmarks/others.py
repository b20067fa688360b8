"""Measure other programs on the same data, where they are installed: dlt and sling.

DLT_PYTHON names the Python of an environment with dlt[postgres,sql_database,parquet] and sqlalchemy<2.1;
sling is looked for on PATH.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import say, seconds
from benchmarks.servers import Servers

PIPELINE = Path(__file__).with_name("dlt_pipeline.py")


def compare(where: Servers, size: int, baseline: float) -> str:
    """Copy the whole table with each program that is there; return what it took, for people."""
    python = os.environ.get("DLT_PYTHON")
    copy = shutil.which("sling") and sling("public.viewing_sessions", "raw.sling_sessions")
    commands = {"dlt": python and [python, str(PIPELINE)], "sling": copy}
    measured = [
        _measure(where, name, command, size, baseline) if command else _skip(name)
        for name, command in commands.items()
    ]
    return ", ".join(filter(None, measured)) or "none"


def _measure(where: Servers, name: str, command: Sequence[str], size: int, baseline: float) -> str:
    where.checkpoint()
    taken, _ = seconds(run, command, where.url("elt_reader"), where.url("elt_loader"))
    (copied,) = where.run("elt_loader", f"select count(*) from raw.{name}_sessions")[0]
    assert copied == size
    where.run("elt_loader", f"drop table raw.{name}_sessions")
    say(name, taken, size, f"{taken / baseline:.1f} x psql")
    return f"{name} {taken:.1f}"


def sling(stream: str, target: str) -> list[str]:
    """Return the command by which sling copies the whole stream."""
    source = ["--src-conn", "SOURCE_URL", "--src-stream", stream]
    return [
        "sling",
        "run",
        *source,
        "--tgt-conn",
        "TARGET_URL",
        "--tgt-object",
        target,
        "--mode",
        "full-refresh",
    ]


def run(command: Sequence[str], source: str, target: str) -> None:
    """Run a program that finds the URLs of its servers in SOURCE_URL and TARGET_URL."""
    with tempfile.TemporaryDirectory(prefix="streaming-bench-") as home:
        env = {"SOURCE_URL": source, "TARGET_URL": target, "HOME": home, "DLT_DATA_DIR": home}
        env |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "SLING_TELEMETRY": "false"}
        subprocess.run(command, env=os.environ | env, stdout=subprocess.DEVNULL, check=True)


def _skip(name: str) -> None:
    print(f"{name}: not installed here, not measured")
