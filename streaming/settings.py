"""How Kafka is reached: the KAFKA variables of .env, named like the settings of its clients."""

import logging
from collections.abc import Mapping
from pathlib import Path

from include.embedded.processes import is_running, port_of
from include.environment import ROOT
from include.errors import InputError

PREFIX = "KAFKA_"
SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
# Who a consumer is in its group: Kafka's KIP-345.
MEMBER = "group.instance.id"
EMBEDDED = ROOT / ".local" / "kafka.pid"


def read_kafka_settings(env: Mapping[str, str], embedded: Path = EMBEDDED) -> dict[str, object]:
    """Return what every client is told: KAFKA_SASL_PASSWORD is Kafka's sasl.password, and so on.

    Without servers in .env it is the embedded broker. Raises InputError where that does not run.
    """
    given = {name: value for name, value in env.items() if name.startswith(PREFIX) and value}
    if SERVERS not in given:
        if not is_running(embedded):
            raise InputError(f"{SERVERS} in .env is empty, and no broker runs here. Name those of your Kafka")
        given[SERVERS] = f"127.0.0.1:{port_of(embedded)}"
    names = {name.removeprefix(PREFIX).lower().replace("_", "."): value for name, value in given.items()}
    # Quix Streams calculates with them.
    times = {name: int(value) for name, value in names.items() if name.endswith(".ms") and value.isdigit()}
    return {**names, **times, "logger": logging.getLogger("kafka")}


def named(member: str) -> dict[str, object]:
    """Return the setting of a member with a name; none without.

    One that was killed and comes back under its name has its partitions at once, and no others move.
    """
    return {MEMBER: member} if member else {}
