"""A server that takes what OpenLineage and OpenTelemetry send by HTTP, and reads it as their formats say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass
class Receiver:
    """The bodies that came, by path, in the order in which they came."""

    url: str = ""
    bodies: dict[str, list[bytes]] = field(default_factory=dict)

    def events(self) -> list[dict]:
        """Return OpenLineage's events."""
        return [json.loads(body) for body in self.bodies.get("/api/v1/lineage", [])]

    def metrics(self, service: str) -> Iterator[Metric]:
        """Yield the metrics of a service, as often as they were sent. Raises DecodeError for no protobuf."""
        for body in self.bodies.get("/v1/metrics", []):
            for sent in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                attributes = {one.key: one.value.string_value for one in sent.resource.attributes}
                if attributes["service.name"] == service:
                    yield from (metric for scope in sent.scope_metrics for metric in scope.metrics)


def receive(receiver: Receiver) -> ThreadingHTTPServer:
    """Start a server on a free port of the loopback interface, whose address the receiver gets."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.bodies.setdefault(self.path, []).append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    return server
