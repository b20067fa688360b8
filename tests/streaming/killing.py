"""A broker, a warehouse and a group of consumers that are killed and come back."""

import random
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from include.embedded import postgres
from include.embedded.processes import pid_of, port_of, spawn
from include.environment import ROOT
from include.inherited import inherited
from streaming import broker
from tests.streaming.conftest import Broker

CONSUMERS = 3
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
        self.running = [self._spawn("consume", number) for number in range(CONSUMERS)]
        self.running.append(self._spawn("windows", CONSUMERS, "--state", str(self.home / "windows")))

    def stop(self) -> None:
        """End all of them as SIGTERM does, and tell how they ended."""
        for process in self.running:
            process.terminate()
        assert [process.wait(60) for process in self.running] == [0] * len(self.running)

    def kill(self, kind: str) -> None:
        """Kill one of a kind with SIGKILL, and start it again."""
        self.killed.append(kind)
        getattr(self, f"_kill_{kind}")()

    def _kill_consumer(self) -> None:
        place = self.chance.randrange(CONSUMERS)
        self.running[place].kill()
        self.running[place].wait()
        self.running[place] = self._spawn("consume", place)

    def _kill_windows(self) -> None:
        self.running[-1].kill()
        self.running[-1].wait()
        self.running[-1] = self._spawn("windows", CONSUMERS, "--state", str(self.home / "windows"))

    def _kill_broker(self) -> None:
        # What it has confirmed and not saved dies with it: this broker is none for production.
        broker.wait_until_saved(self.kafka.home)
        port = port_of(self.kafka.home / "kafka.pid")
        _kill(self.kafka.home / "kafka.pid")
        broker.start(self.kafka.home, port)

    def _kill_warehouse(self) -> None:
        _kill(self.home / "postgres.pid")
        postgres.restart(self.home, self.env)

    def _spawn(self, command: str, number: int, *options: str) -> subprocess.Popen:
        log = self.logs / f"{command}-{number}.log"
        environment = {
            **inherited(),
            **self.env,
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka.config["bootstrap.servers"],
        }
        return spawn(
            [sys.executable, "-m", "streaming", command, *options], log, env=environment, folder=ROOT
        )


def _kill(pid_file: Path) -> None:
    process = psutil.Process(pid_of(pid_file))
    process.kill()
    process.wait(10)
