"""A broker, a warehouse and a group of consumers that are killed and come back."""

import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from confluent_kafka import ConsumerGroupState
from confluent_kafka.admin import AdminClient

from include.embedded import postgres
from include.embedded.processes import pid_of, port_of, spawn
from include.environment import ROOT
from include.inherited import inherited
from streaming import broker
from streaming.consumer.loop import GROUP
from streaming.windows.application import GROUP as WINDOWS
from tests.streaming.conftest import Broker
from tests.streaming.consuming import wait_for

CONSUMERS = 3
# After it comes back, noida-db 0.2.3 waits so long for members that have other names by now.
PATIENCE = {"KAFKA_SESSION_TIMEOUT_MS": "6000", "KAFKA_MAX_POLL_INTERVAL_MS": "10000"}
COMMANDS = [*CONSUMERS * ["consume"], "windows"]
KINDS = ("consumer", "windows", "broker", "warehouse")


@dataclass
class Victims:
    """What may be killed; everything is started again at once, as a supervisor does."""

    kafka: Broker
    home: Path
    logs: Path
    env: dict[str, str]
    chance: random.Random
    running: list[subprocess.Popen] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.running = [self._spawn(place) for place in range(len(COMMANDS))]

    def tend(self) -> bool:
        """Start again what ended by itself, as a supervisor does: Quix Streams may when a broker is away."""
        for place, process in enumerate(self.running):
            if process.poll() is not None:
                assert COMMANDS[place] == "windows", "a consumer ended by itself"
                self.running[place] = self._spawn(place)
        return True

    def stop(self) -> None:
        """End all of them as SIGTERM does, and tell how they ended."""
        for process in self.running:
            process.terminate()
        assert [process.wait(60) for process in self.running] == [0] * len(self.running)

    def kill(self, kind: str) -> None:
        """Kill one of a kind with SIGKILL, and start it again."""
        # noida-db 0.2.3 waits for ever for a member that dies while its group forms.
        wait_for(self._is_settled, 120)
        self.killed.append(kind)
        getattr(self, f"_kill_{kind}")()

    def _kill_consumer(self) -> None:
        self._kill_process(self.chance.randrange(CONSUMERS))

    def _kill_windows(self) -> None:
        self._kill_process(CONSUMERS)

    def _kill_process(self, place: int) -> None:
        self.running[place].kill()
        self.running[place].wait()
        self.running[place] = self._spawn(place)

    def _kill_broker(self) -> None:
        # What it has confirmed and not saved dies with it: this broker is none for production.
        # A save that ends after now may have begun before the last message; the next one has not.
        for _ in range(2):
            broker.wait_until_saved(self.kafka.home)
        port = port_of(self.kafka.home / "kafka.pid")
        _kill(self.kafka.home / "kafka.pid")
        broker.start(self.kafka.home, port)

    def _is_settled(self) -> bool:
        self.tend()
        admin = AdminClient(self.kafka.config)
        groups = [each.result() for each in admin.describe_consumer_groups([GROUP, WINDOWS]).values()]
        return all(each.state == ConsumerGroupState.STABLE for each in groups)

    def _kill_warehouse(self) -> None:
        _kill(self.home / "postgres.pid")
        postgres.restart(self.home, self.env)

    def _spawn(self, place: int) -> subprocess.Popen:
        options = ["--state", self.home / "windows"] if COMMANDS[place] == "windows" else []
        command = [
            sys.executable,
            "-m",
            "streaming",
            COMMANDS[place],
            "--member",
            f"member-{place}",
            *options,
        ]
        servers = {"KAFKA_BOOTSTRAP_SERVERS": self.kafka.config["bootstrap.servers"]}
        log = self.logs / f"{COMMANDS[place]}-{place}.log"
        return spawn(command, log, env={**inherited(), **self.env, **servers, **PATIENCE}, folder=ROOT)


def _kill(pid_file: Path) -> None:
    process = psutil.Process(pid_of(pid_file))
    process.kill()
    process.wait(10)
