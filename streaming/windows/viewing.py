"""What a window of a user adds up; an event that comes twice counts once."""

from typing import TypedDict

from quixstreams.dataframe.windows import Aggregator

from streaming.events import PlaybackEvent


class Viewing(TypedDict):
    """The sums of a window of a user, and the events that are in it."""

    events: list[str]
    played_ms: int
    quality_drops: int
    rebuffers: int
    rebuffer_ms: int


class AddUp(Aggregator):
    """Quix Streams' way to add an event to a window."""

    def initialize(self) -> Viewing:
        return Viewing(events=[], played_ms=0, quality_drops=0, rebuffers=0, rebuffer_ms=0)

    def agg(self, old: Viewing, new: PlaybackEvent, timestamp: int) -> Viewing:
        if new.event_id in old["events"]:
            return old
        return Viewing(
            events=[*old["events"], new.event_id],
            played_ms=old["played_ms"] + new.played_ms,
            quality_drops=old["quality_drops"] + new.quality_drops,
            rebuffers=old["rebuffers"] + new.rebuffers,
            rebuffer_ms=old["rebuffer_ms"] + new.rebuffer_ms,
        )

    def result(self, value: Viewing) -> Viewing:
        return value
