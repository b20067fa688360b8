"""`make live`: devices that report, what loads and counts their events, and a page that shows it.

Data flow: producer -> broker -> consumer and windows -> the demo's warehouse -> the dashboard's page /live.
All are processes that the command watches: what dies is started again once.
"""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from cli import LOCAL, CommandError
from cli.dashboard import dashboard
from cli.serving import kept_up, serve
from cli.warehouse import NO_WAREHOUSE, OLD_WAREHOUSE, connect
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
    serve("make live", "Live", REMEDY, partial(_playing, rate, minutes), page="/live")


@contextmanager
def _playing(rate: float, minutes: float, env: Mapping[str, str]) -> Iterator[str]:
    """Have all that it takes up during the block; yield the dashboard's URL."""
    _refuse_without_star(env)
    producer = ("produce", "--rate", f"{rate:g}", "--minutes", f"{minutes:g}")
    with ExitStack() as stack:
        stack.enter_context(_broker(env))
        for name, arguments in (READERS | {"The devices": producer}).items():
            stack.enter_context(_process(name, arguments))
        yield stack.enter_context(dashboard(LOCAL, env))


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
    part = Part("The broker", LOCAL / "kafka.pid", LOCAL / "kafka.log", partial(_run, "broker"))
    with kept_up("the broker", part, REMEDY, partial(stop_process, part.pid_file)):
        yield


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
