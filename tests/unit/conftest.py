"""What several unit tests need: a complete environment, and an HTTP server that answers from a script."""

import json
import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from include.environment import ensure_env

NOBODY = 65534


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Settings as `.env` gives them, with the hosts and ports that a way to run the platform adds."""
    places = {}
    for number, server in enumerate(("SOURCE", "MONGO", "WAREHOUSE", "AIRFLOW_DB"), start=1):
        places |= {f"{server}_HOST": f"{server.lower()}.test", f"{server}_PORT": str(5000 + number)}
    return ensure_env(tmp_path / "complete.env") | places


@dataclass
class Stub:
    """Answers by (method, path): a JSON value, or (status, text). Keeps what it was asked."""

    url: str = ""
    answers: dict[tuple[str, str], object] = field(default_factory=dict)
    requests: list[tuple[str, str, object, str | None]] = field(default_factory=list)


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Serve on a free port of the loopback interface."""
    script = Stub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = json.loads(body) if body else None
            script.requests.append((self.command, self.path, sent, self.headers.get("Authorization")))
            answer = script.answers.get((self.command, self.path), (404, '{"detail": "not in the script"}'))
            status, text = answer if isinstance(answer, tuple) else (200, json.dumps(answer))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PATCH = answer

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def for_nobody(tmp_path: Path) -> None:
    """Let other users pass through to the test's folder. It stays so: other workers' tests need it, too."""
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o711)


@pytest.fixture
def as_nobody(tmp_path: Path, for_nobody: None) -> Iterator[None]:
    """Do without the rights of root, who may read everything; what is in the test's folder is ours."""
    if os.geteuid() != 0:
        yield
        return
    for entry in (tmp_path, *tmp_path.rglob("*")):
        os.chown(entry, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    yield
    os.seteuid(0)
