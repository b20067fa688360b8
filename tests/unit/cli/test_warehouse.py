"""Where the warehouse of this place is, and what is said while it cannot be had."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from cli import CommandError, warehouse
from include import embedded


@pytest.fixture(autouse=True)
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a warehouse, whose servers are said to run."""

    @contextmanager
    def databases(_: Path) -> Iterator[dict[str, str]]:
        yield {}

    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").touch()
    monkeypatch.setattr(warehouse, "LOCAL", tmp_path)
    monkeypatch.setattr(embedded, "databases", databases)
    return tmp_path


def ask(error: Exception) -> None:
    with warehouse.this_place():
        raise error


def test_server_that_is_stopped_meanwhile_is_told_with_what_to_do() -> None:
    with pytest.raises(CommandError) as caught:
        ask(psycopg2.OperationalError("connection to server failed: Connection refused\n"))
    assert str(caught.value) == f"connection to server failed: Connection refused\n{warehouse.LOST}"


def test_refused_login_is_not_called_lost() -> None:
    refused = psycopg2.OperationalError('FATAL:  password authentication failed for user "bi_reader"')
    with pytest.raises(psycopg2.OperationalError) as caught:
        ask(refused)
    assert caught.value is refused


def test_data_of_another_user_are_told(local: Path) -> None:
    with pytest.raises(CommandError, match="PG_VERSION is another user's: work as that user"):
        ask(PermissionError(13, "Permission denied", str(local / "postgres" / "PG_VERSION")))
