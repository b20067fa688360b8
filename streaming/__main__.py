"""The commands of streaming: `make` calls them in its own .venv-streaming."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from include import embedded, errors
from include.environment import ROOT, read_env
from include.generate import Size
from include.generate.world import World
from streaming.events import HEADERS, PlaybackEvent, checked
from streaming.sending import Record, Sender
from streaming.settings import read_kafka_settings
from streaming.topics import EVENTS, create_topics
from streaming.warehouse import Warehouse

log = logging.getLogger("streaming")

HOME = ROOT / ".local"
Rate = Annotated[
    float, typer.Option(metavar="NUMBER", help="Events a second; 0: as fast as Kafka takes them.")
]
Day = Annotated[str, typer.Option(metavar="DAY", help="Play the sessions of this day; none: from now on.")]
Minutes = Annotated[float, typer.Option(metavar="MINUTES", help="How long to play from now on.")]
Seed = Annotated[
    int, typer.Option(metavar="NUMBER", help="Another number, another world; -1: GENERATE_SEED.")
]
Member = Annotated[
    str, typer.Option(metavar="NAME", help="Who this is in its group, whenever it comes back.")
]
State = Annotated[Path, typer.Option(metavar="FOLDER", help="Where windows are kept between starts.")]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def topics() -> None:
    """Make the topics that are not there."""
    create_topics(read_kafka_settings(_env()))


@app.command(name="broker")
def start_broker() -> None:
    """Start the small broker for trials, which goes on when this command ends; make its topics."""
    from streaming import broker

    port = broker.start(HOME)
    create_topics({"bootstrap.servers": f"{broker.LOOPBACK}:{port}"})
    print(f"127.0.0.1:{port}")


@app.command()
def produce(day: Day = "", rate: Rate = 100, minutes: Minutes = 30, seed: Seed = -1) -> None:
    """Play devices: the sessions of a day of the generator, or sessions from now on."""
    # Not at the top: consumers need no generator.
    from streaming.producer.devices import day_of_events, events_from_now

    env = _env()
    sizes = (int(env.get(f"GENERATE_{name.upper()}") or number) for name, number in vars(Size()).items())
    seed = int(env.get("GENERATE_SEED") or 42) if seed < 0 else seed
    now = datetime.now(UTC)
    world = World(seed, Size(*sizes), date.fromisoformat(day) if day else now.date())
    if day:
        arrivals = _paced((event for _, event in day_of_events(world, seed)), rate)
    else:
        arrivals = _in_time(events_from_now(world, seed, rate, minutes, now))
    sender = Sender(read_kafka_settings(env))
    for event in arrivals:
        sender.send(Record(EVENTS, event.user_id.encode(), checked(event), HEADERS))
    sender.flush(300)
    print(f"Kafka has {sender.delivered:,} messages; {sender.retried:,} were sent again")


@app.command()
def consume(member: Member = "") -> None:
    """Load events into raw, until it is stopped."""
    from streaming.consumer.loop import Loop

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    env = _env()
    Loop(read_kafka_settings(env), Warehouse(env), stop, member).run()


@app.command()
def windows(state: State = HOME / "windows", member: Member = "") -> None:
    """Keep windows of viewing up to date, until it is stopped."""
    # Not at the top: nobody else needs Quix Streams.
    from streaming.windows.application import build, run
    from streaming.windows.sink import WindowsSink

    env = _env()
    kafka = read_kafka_settings(env)
    run(build(kafka, WindowsSink(Warehouse(env), Sender(kafka)), state, member))


def _env() -> dict[str, str]:
    """Return the settings of .env, and over them those of the process, as a container has them."""
    settings = {**read_env(ROOT / ".env"), **os.environ}
    return settings if "WAREHOUSE_PORT" in os.environ else embedded.found(HOME)


def _paced(events: Iterable[PlaybackEvent], rate: float) -> Iterator[PlaybackEvent]:
    """Yield so many events a second; 0: at once."""
    begun = time.monotonic()
    for count, event in enumerate(events):
        if rate and (wait := begun + count / rate - time.monotonic()) > 0:
            time.sleep(wait)
        yield event


def _in_time(arrivals: Iterable[tuple[int, PlaybackEvent]]) -> Iterator[PlaybackEvent]:
    """Yield each event when it arrives; at once what has arrived by now."""
    for at, event in arrivals:
        if (wait := at / 1000 - time.time()) > 0:
            time.sleep(wait)
        yield event


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    try:
        app()
    except (errors.InputError, errors.TransientError, errors.EmbeddedServerError) as error:
        sys.exit(f"\n{error}")
