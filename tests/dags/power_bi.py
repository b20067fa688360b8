"""A stub of Power BI's REST API over HTTP: a test says what it answers, and sees what it was asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest
from azure.core.credentials import AccessToken

LOGIN = "azure.identity.aio.ClientSecretCredential.get_token"
GROUP, DATASET = "f089354e-8366-4e18-aea3-4cb4a3a50b48", "cfafbeb1-8037-4d0c-896e-a46fb27ff229"
PATH = f"/v1.0/myorg/groups/{GROUP}/datasets/{DATASET}/refreshes"
OURS, THEIRS = "9399bb89-25d1-44f8-8576-136d7e9014b1", "11bf290a-346b-48b7-8973-c5df149337ff"


class Answer(NamedTuple):
    """A status, and a body that is sent as JSON, or nothing."""

    status: int
    body: dict | None = None
    headers: dict[str, str] | None = None


ACCEPTED = Answer(202, headers={"RequestId": OURS})


def history(*entries: tuple[str, str], error: str | None = None) -> Answer:
    """Return the answer that lists refreshes, (request id, status); the first is the newest, with `error`."""
    listed = [
        {"requestId": request, "refreshType": "ViaApi", "status": status} for request, status in entries
    ]
    if error:
        listed[0]["serviceExceptionJson"] = error
    return Answer(200, {"value": listed})


def refusal(status: int, code: str, **headers: str) -> Answer:
    """Return an error as Power BI writes it."""
    return Answer(status, {"error": {"code": code, "message": f"about {code}"}}, headers)


def replace_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the one call of Microsoft's login, which takes nothing but HTTPS."""

    async def token(*_: object, **__: object) -> AccessToken:
        return AccessToken("token", int(time.time()) + 3600)

    monkeypatch.setattr(LOGIN, token)


class PowerBi:
    """What the API answers to POST and GET in turn, the last one for ever, and the requests that it got."""

    def __init__(self, posts: list[Answer], gets: list[Answer]) -> None:
        self.answers = {"POST": posts, "GET": gets}
        self.asked: list[tuple[str, str, str | None]] = []
        self.url = ""

    @property
    def methods(self) -> list[str]:
        return [method for method, *_ in self.asked]

    @contextmanager
    def serving(self) -> Iterator["PowerBi"]:
        """Answer at `url` during the block."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": self}))
        self.url = f"http://127.0.0.1:{server.server_port}/v1.0"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    api: PowerBi

    def do_POST(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Not into the output of the tests."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.api.asked.append((self.command, self.path, self.headers["Authorization"]))
        answers = self.api.answers[self.command]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        body = json.dumps(answer.body).encode() if answer.body else b""
        self.send_response(answer.status)
        headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
        for name, value in (headers | (answer.headers or {})).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
