"""How long events take until readers see them, and whether memory stays flat, at a steady rate.

.venv-streaming/bin/python -m benchmarks.live: MINUTES=30, RATE=100 events a second. Broker, warehouse,
devices, consumer and windows run as `make live` has them. It begins to look after ten minutes: until then
windows count the hour before.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.measuring import asked
from benchmarks.servers import Servers, servers
from include.embedded.processes import pid_of, spawn
from include.environment import ROOT
from include.inherited import inherited
from streaming import broker
from streaming.topics import create_topics

EVERY = 5  # seconds
# Left out at the beginning, and how many samples make a figure of memory.
WARM_MINUTES, SAMPLES = 10, 12
# Each event is in five windows.
SEEN = "select coalesce(sum(events), 0)::bigint / 5 from ops.viewing_windows_of_users"
SENT = """
select extract(epoch from min(sent_at))::float8 from raw.kafka_playback_events group by event_id order by 1
"""
LOADED = """
select percentile_cont(array[0.5, 0.95, 1]) within group (order by seconds)
from (
    select extract(epoch from _loaded_at - sent_at)::float8 as seconds
    from raw.kafka_playback_events where sent_at > %s
) as loaded
"""


def main() -> None:
    """Play, look every few seconds, and print latencies and memory."""
    minutes, rate = asked("MINUTES", 30), asked("RATE", 100)
    with servers() as running, _playing(running, rate, WARM_MINUTES + minutes + 1) as processes:
        time.sleep(WARM_MINUTES * 60)
        begun, looks, memory = time.time(), [], []
        while time.time() < begun + minutes * 60:
            memory.append({name: process.memory_info().rss / 2**20 for name, process in processes.items()})
            (seen,) = running.run("elt_loader", SEEN)[0]
            looks.append((time.time(), seen))
            time.sleep(EVERY)
        _say(running, begun, looks)
    for name in memory[0]:
        first, last = (
            statistics.median(each[name] for each in part) for part in (memory[:SAMPLES], memory[-SAMPLES:])
        )
        print(f"{name:10} {first:6.0f} MB after {WARM_MINUTES} minutes, {last:6.0f} MB at the end")


def _say(running: Servers, begun: float, looks: list[tuple[float, int]]) -> None:
    since = datetime.fromtimestamp(begun, UTC)
    (loaded,) = running.run("elt_loader", LOADED, since)[0]
    sent = [moment for (moment,) in running.run("elt_loader", SENT)]
    print(f"{sum(moment > begun for moment in sent):,} events, from sent to")
    print("raw        {:6.2f} s median, {:6.2f} s at 95 %, {:6.2f} s at most".format(*loaded))
    # The oldest event that readers did not see yet.
    ages = [max(at - sent[seen], 0) if seen < len(sent) else 0 for at, seen in looks]
    figures = (statistics.median(ages), statistics.quantiles(ages, n=20)[-1], max(ages))
    print("windows    {:6.2f} s median, {:6.2f} s at 95 %, {:6.2f} s at most".format(*figures))


@contextmanager
def _playing(running: Servers, rate: int, minutes: int) -> Iterator[dict[str, psutil.Process]]:
    """Run broker, consumer, windows and devices during the block."""
    with ExitStack() as stack:
        port = broker.start(running.home)
        stack.callback(broker.stop, running.home)
        kafka = {"KAFKA_BOOTSTRAP_SERVERS": f"{broker.LOOPBACK}:{port}"}
        create_topics({"bootstrap.servers": kafka["KAFKA_BOOTSTRAP_SERVERS"]})
        found = {"broker": psutil.Process(pid_of(running.home / "kafka.pid"))}
        commands = {
            "consumer": ["consume"],
            "windows": ["windows", "--state", str(running.home / "state")],
            "producer": ["produce", "--rate", str(rate), "--minutes", str(minutes)],
        }
        for name, command in commands.items():
            log, env = running.home / f"{name}.log", {**inherited(), **running.env, **kafka}
            process = spawn([sys.executable, "-m", "streaming", *command], log, env=env, folder=ROOT)
            stack.callback(_end, process, log)
            found[name] = psutil.Process(process.pid)
        yield found


def _end(process: subprocess.Popen, log: Path) -> None:
    """End a process as its supervisor does; say when it had ended by itself, but for the devices."""
    if process.poll():
        print(f"{log.stem} ended with {process.returncode}: {log.read_text()[-500:]}")
    process.terminate()
    process.wait()


if __name__ == "__main__":
    main()
