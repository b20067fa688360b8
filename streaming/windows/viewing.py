"""Which windows there are, and what a window of a user adds up: the same for Quix Streams and for Spark.

An event counts in its windows when it comes at most LATENESS after the newest event, for Quix Streams that of
its user; one that comes twice counts once.
"""

from datetime import timedelta
from typing import Protocol, TypedDict

LENGTH, STEP, LATENESS = timedelta(minutes=5), timedelta(minutes=1), timedelta(minutes=10)


class Event(Protocol):
    """What is added up of an event, whoever has read it."""

    event_id: str
    played_ms: int
    quality_drops: int
    rebuffers: int
    rebuffer_ms: int


class Viewing(TypedDict):
    """The sums of a window of a user, and the events that are in it."""

    events: list[str]
    played_ms: int
    quality_drops: int
    rebuffers: int
    rebuffer_ms: int


def nothing() -> Viewing:
    """Return the sums of no event."""
    return Viewing(events=[], played_ms=0, quality_drops=0, rebuffers=0, rebuffer_ms=0)


def add(old: Viewing, new: Event) -> Viewing:
    """Return the sums with the event; of those with one id the first counts."""
    if new.event_id in old["events"]:
        return old
    return Viewing(
        events=[*old["events"], new.event_id],
        played_ms=old["played_ms"] + new.played_ms,
        quality_drops=old["quality_drops"] + new.quality_drops,
        rebuffers=old["rebuffers"] + new.rebuffers,
        rebuffer_ms=old["rebuffer_ms"] + new.rebuffer_ms,
    )
