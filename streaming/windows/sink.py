"""Where Quix Streams brings windows at each checkpoint: the warehouse, then the topic viewing-metrics."""

import logging

import msgspec
from quixstreams.sinks import BatchingSink, SinkBackpressureError
from quixstreams.sinks.base import SinkBatch

from include.errors import TransientError
from include.transaction import transaction
from streaming.sending import Record, Sender
from streaming.topics import METRICS
from streaming.warehouse import AWAY, Warehouse
from streaming.windows.tables import Window, store

log = logging.getLogger(__name__)

AWAY_SECONDS, SECONDS = 2, 30


class WindowsSink(BatchingSink):
    """Writes the newest state of each window of a user. What is written again after a crash is the same."""

    def __init__(self, warehouse: Warehouse, sender: Sender) -> None:
        super().__init__()
        self._warehouse, self._sender = warehouse, sender

    def write(self, batch: SinkBatch) -> None:
        """Write a partition's windows; while warehouse or broker is away, Quix Streams tries again later."""
        newest = {(item.value["start"], item.key.decode()): item.value["value"] for item in batch}
        try:
            with transaction(self._warehouse.connection()) as cursor:
                # Within the lock: of each window the topic's last message is the newest.
                self._publish(store(cursor, newest))
        except (*AWAY, TransientError) as error:
            log.warning("Windows wait: %s", str(error).strip())
            self._warehouse.forget()
            raise SinkBackpressureError(AWAY_SECONDS) from error

    def _publish(self, windows: list[Window]) -> None:
        for window in windows:
            key = window.window_start.isoformat().encode()
            self._sender.send(Record(METRICS, key, msgspec.json.encode(window._asdict())))
        self._sender.flush(SECONDS)
