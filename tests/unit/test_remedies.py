"""A server that does not start: the remedy is that of its cause, and data are forgotten for no other."""

from pathlib import Path

import psycopg2
import pytest

from include.embedded import postgres
from include.embedded.processes import spawn, wait_until
from include.embedded.remedies import FORGET, remedy_for
from include.errors import EmbeddedServerError

REFUSED = psycopg2.OperationalError("connection to server failed: Connection refused")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ('could not write blocks 1..1 in file "base/1": No space left on device', "make room"),
        ('could not extend file "base/1/2691"\nHINT:  Check free disk space.', "make room"),
        ('could not resize shared memory segment "/PostgreSQL.1": File too large', "/dev/shm"),
        ("FATAL:  insufficient file descriptors available to start server process", "ulimit -n"),
        ("RuntimeError: can't start new thread", "ulimit -u"),
        ("could not fork autovacuum launcher process: Resource temporarily unavailable", "ulimit -u"),
        ('connection to server at "127.0.0.1", port 1 failed: Network is unreachable', "ip link set lo up"),
    ],
)
def test_fault_of_the_machine_has_its_own_remedy(said: str, remedy: str) -> None:
    assert remedy in remedy_for(said)
    assert "make reset" not in remedy_for(said)


def test_anything_else_may_be_the_data() -> None:
    assert remedy_for("could not locate a valid checkpoint record") == FORGET


def test_server_that_is_lost_while_databases_are_made_is_told_by_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    (tmp_path / "postgres.log").write_text('PANIC:  could not write to file "x": No space left on device\n')
    monkeypatch.setattr(postgres, "_start_server", lambda *_: 1)
    monkeypatch.setattr(postgres, "_accepts_password", lambda *_: True)
    monkeypatch.setattr(postgres, "create_databases", lose)
    with pytest.raises(EmbeddedServerError, match=r"unexpectedly\. The disk is full: make room.*\nPANIC"):
        postgres.start(tmp_path, {})


def test_server_that_ends_is_told_with_the_remedy_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    process = spawn(["sh", "-c", "echo 'FATAL: insufficient file descriptors'; exit 1"], log)

    def refuse() -> None:
        raise REFUSED

    with pytest.raises(
        EmbeddedServerError, match=r"exit code 1\. Too few files may be open: `ulimit -n 4096`"
    ):
        wait_until(refuse, process, log)
