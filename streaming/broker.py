"""The broker for tests on machines without Docker: noida-db, which speaks Kafka's protocol.

It keeps all messages in memory, and writes all of them to one file now and then: one that is killed loses
what it took since the last time. Production runs Apache Kafka.
"""

import importlib.util
import os
import time
from functools import partial
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from include.embedded import processes
from include.errors import EmbeddedServerError

LOOPBACK = "127.0.0.1"
# Not the script of that name, which only starts it.
BINARY = Path(importlib.util.find_spec("noida_db").origin).parent / "noida-db"
# A million messages take it some seconds each time.
SAVE_SECONDS = 120


def start(home: Path, port: int = 0) -> int:
    """Start the broker, on a free port if none is given, wait until it answers, and return the port.

    Raises EmbeddedServerError, with the end of its log, when it does not start.
    """
    pid_file, log_file = home / "kafka.pid", home / "kafka.log"
    if processes.is_running(pid_file):
        return processes.port_of(pid_file)
    home.mkdir(parents=True, exist_ok=True)
    port = port or processes.free_port()
    command = [BINARY, "start", "--only", "kafka", "--kafka-port", port]
    process = processes.spawn([*command, "--data-dir", home / "kafka"], log_file)
    processes.remember(pid_file, process, port)
    try:
        processes.wait_for_answer(partial(_answers, port), process, "The broker", log_file)
    except EmbeddedServerError:
        process.kill()
        raise
    return port


def stop(home: Path) -> None:
    """Stop the broker, which saves its messages; one that does not run is skipped."""
    processes.stop_process(home / "kafka.pid")


def wait_until_saved(home: Path) -> None:
    """Wait until a save of the broker ends; it saves while messages come.

    Raises EmbeddedServerError when it does not save.
    """
    file, asked = home / "kafka" / "kafka.json", time.time()
    while not file.exists() or os.path.getmtime(file) < asked:
        if time.time() > asked + SAVE_SECONDS:
            raise EmbeddedServerError(f"The broker has not written {file} for {SAVE_SECONDS} s")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except KafkaException:
        return False
