"""`make live`: devices that report, what loads and counts their events, and a page that shows it.

Data flow: producer -> broker -> consumer and windows -> the demo's warehouse -> the dashboard's page /live.
All are processes that the command watches: what dies is started again once.
"""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from cli import LOCAL, CommandError, end_cleanly_on_signals
from cli.dashboard import dashboard
from cli.owner import owned
from cli.warehouse import NO_WAREHOUSE, OLD_WAREHOUSE, connect
from include.embedded import databases, parts
from include.embedded.processes import remember, spawn, stop_process
from include.embedded.watch import Part, watched
from include.environment import ROOT
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.transaction import transaction
from include.waiting import announced, uninterrupted

PYTHON = ROOT / ".venv-streaming" / "bin" / "python"
BROKERS = "KAFKA_BOOTSTRAP_SERVERS"
REMEDY = "Start the command again: what is in the warehouse stays, and is not counted twice."
# In the order in which one needs the other: who reads is there before who writes.
READERS = {"The consumer": ("consume", "--member", "live"), "The windows": ("windows", "--member", "live")}


def play_live(rate: float, minutes: float) -> None:
    """Play devices that report so many events a second, for so many minutes; serve until it is interrupted.

    Raises CommandError where there is no star yet.
    """
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        stack.enter_context(owned("make live"))
        env = stack.enter_context(databases(LOCAL))
        stack.enter_context(watched(parts(LOCAL, env), REMEDY))
        _refuse_without_star(env)
        stack.enter_context(_broker(env))
        producer = ("produce", "--rate", f"{rate:g}", "--minutes", f"{minutes:g}")
        for name, arguments in (READERS | {"The devices": producer}).items():
            stack.enter_context(_process(name, arguments))
        url = stack.enter_context(dashboard(LOCAL, env))
        print(f"\nLive: {url}/live\nStop with Ctrl-C.", flush=True)
        signal.pause()
    print("\nStopped.")


def _refuse_without_star(env: Mapping[str, str]) -> None:
    with connect(env, "bi_reader") as warehouse, transaction(warehouse) as cursor:
        cursor.execute("select to_regclass('trusted.dim_dates'), to_regclass('trusted.streaming_windows')")
        star, windows = cursor.fetchone()
    if windows is None:
        raise CommandError(OLD_WAREHOUSE if star else NO_WAREHOUSE)


@contextmanager
def _broker(env: Mapping[str, str]) -> Iterator[None]:
    """Have Kafka during the block: that of .env, else a small broker of our own; with its topics."""
    if env.get(BROKERS):
        _run("topics")
        yield
        return
    start = partial(_run, "broker")
    try:
        with announced("the broker to start"):
            start()
        with watched([Part("The broker", LOCAL / "kafka.pid", LOCAL / "kafka.log", start)], REMEDY):
            yield
    finally:
        with announced("the broker to stop"), uninterrupted():
            stop_process(LOCAL / "kafka.pid")


def _run(command: str) -> None:
    """Run a command of streaming to its end. Raises EmbeddedServerError with its words."""
    done = subprocess.run(
        [PYTHON, "-m", "streaming", command],
        env=inherited(),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise EmbeddedServerError(f"python -m streaming {command}: {done.stderr.strip()[-2000:]}")


@contextmanager
def _process(name: str, arguments: tuple[str, ...]) -> Iterator[None]:
    """Run a command of streaming during the block, and watch it."""
    pid_file, log_file = LOCAL / f"live-{arguments[0]}.pid", LOCAL / f"live-{arguments[0]}.log"

    def start() -> None:
        process = spawn([PYTHON, "-m", "streaming", *arguments], log_file, folder=ROOT)
        remember(pid_file, process, port=0)

    try:
        start()
        with watched([Part(name, pid_file, log_file, start)], REMEDY):
            yield
    finally:
        with announced(f"{name.lower()} to stop"), uninterrupted():
            stop_process(pid_file)
