"""An HTTP server that takes alerts, as Apprise sends them to json://."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What came, with `title`, `message` and `type`; it answers with `status` after `seconds`."""

    url: str = ""
    status: int = 200
    seconds: float = 0
    alerts: list[dict] = field(default_factory=list)

    def of(self, words: str) -> list[dict]:
        """Return the alerts with these words in the title."""
        return [alert for alert in self.alerts if words in alert["title"]]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve on a free port of the loopback interface."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.alerts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(receiver.seconds)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"json://127.0.0.1:{server.server_port}/secret-token"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
