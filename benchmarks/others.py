"""Measure other programs on the same table, where they are installed: dlt and sling.

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
    python, sling = os.environ.get("DLT_PYTHON"), shutil.which("sling")
    stream = ["--src-conn", "SOURCE_URL", "--src-stream", "public.viewing_sessions"]
    stream += ["--tgt-conn", "TARGET_URL", "--tgt-object", "raw.sling_sessions", "--mode", "full-refresh"]
    commands = {"dlt": python and [python, str(PIPELINE)], "sling": sling and [sling, "run", *stream]}
    measured = [
        _measure(where, name, command, size, baseline) if command else _skip(name)
        for name, command in commands.items()
    ]
    return ", ".join(filter(None, measured)) or "none"


def _measure(where: Servers, name: str, command: Sequence[str], size: int, baseline: float) -> str:
    where.checkpoint()
    taken, _ = seconds(_run, where, command)
    (copied,) = where.run("elt_loader", f"select count(*) from raw.{name}_sessions")[0]
    assert copied == size
    where.run("elt_loader", f"drop table raw.{name}_sessions")
    say(name, taken, size, f"{taken / baseline:.1f} x psql")
    return f"{name} {taken:.1f}"


def _run(where: Servers, command: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="streaming-bench-") as home:
        env = {"SOURCE_URL": where.url("elt_reader"), "TARGET_URL": where.url("elt_loader")}
        env |= {"HOME": home, "DLT_DATA_DIR": home, "RUNTIME__DLTHUB_TELEMETRY": "false"}
        # Plain servers on loopback: no TLS to ask for.
        env = {name: f"{url}?sslmode=disable" if name.endswith("_URL") else url for name, url in env.items()}
        subprocess.run(command, env=os.environ | env, stdout=subprocess.DEVNULL, check=True)


def _skip(name: str) -> None:
    print(f"{name}: not installed here, not measured")
