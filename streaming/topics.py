"""The topics, and how they are made where nobody has made them."""

from collections.abc import Mapping

from include.errors import TransientError

EVENTS, DEAD_LETTERS, METRICS = "playback-events", "playback-events.dead-letters", "viewing-metrics"
# As many consumers can share the work.
PARTITIONS = 6
WEEK = str(7 * 24 * 3_600_000)
CONFIGS = {
    EVENTS: {"retention.ms": WEEK, "retention.bytes": "-1"},
    # People read them later than programs.
    DEAD_LETTERS: {"retention.ms": "-1", "retention.bytes": "-1"},
    # Of each window the newest message counts.
    METRICS: {"cleanup.policy": "compact"},
}
SECONDS = 30


def create_topics(config: Mapping[str, object]) -> None:
    """Make the topics that are not there; those that are stay as they are. Raises TransientError."""
    # Not at the top: Spark, which reads their names, has a client of its own.
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic

    admin = AdminClient(dict(config))
    # -1: as many copies as the cluster makes by itself.
    wanted = [NewTopic(name, _partitions(name), -1, config=CONFIGS[name]) for name in CONFIGS]
    for name, created in admin.create_topics(wanted, request_timeout=SECONDS).items():
        try:
            created.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TransientError(f"The topic {name} cannot be made: {error.args[0].str()}") from error


def _partitions(name: str) -> int:
    return PARTITIONS if name == EVENTS else 1
