"""`make sql`: what is said of a wrong query, of a star that is not there, and that Ctrl-C ends a long one."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import psycopg2
import pytest
from psycopg2 import errors

from cli import sql

QUERY = "select 1,\n  nope\nfrom x"
SENT = "copy (select 1,\n  nope\nfrom x) to stdout with (format csv, header)"


class Refused(errors.UndefinedTable):
    """What psycopg2 raises, with the place in the statement that was sent."""

    diag = SimpleNamespace(statement_position=str(SENT.index("nope") + 1))


class FakeConnection:
    """Raises what it is given; knows whether there is a star, and that it was cancelled."""

    def __init__(self) -> None:
        self.error, self.has_star, self.cancelled = None, True, threading.Event()

    def __enter__(self) -> "FakeConnection":
        return self

    def __exit__(self, *_: object) -> None: ...

    def cursor(self) -> "FakeConnection":
        return self

    def copy_expert(self, statement: str, _: object) -> None:
        if self.error is None:
            signal.raise_signal(signal.SIGINT)
            assert self.cancelled.wait(10)
            raise errors.QueryCanceled("canceling statement due to user request")
        assert statement == SENT
        raise self.error

    def execute(self, _: str) -> None: ...

    def fetchone(self) -> tuple[bool]:
        return (self.has_star,)

    def cancel(self) -> None:
        self.cancelled.set()


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> FakeConnection:
    connection = FakeConnection()

    @contextmanager
    def connect(_: str) -> Iterator[FakeConnection]:
        yield connection

    monkeypatch.setattr(sql, "warehouse", connect)
    return connection


@pytest.mark.parametrize(("has_star", "end"), [(True, ""), (False, sql.NO_STAR)])
def test_error_shows_the_place_in_what_was_asked(
    warehouse: FakeConnection,
    run_command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    has_star: bool,
    end: str,
) -> None:
    warehouse.has_star = has_star
    warehouse.error = Refused('relation "x" does not exist\nLINE 2:   nope\n          ^\n')
    assert run_command("sql", QUERY + ";") == 1
    assert capsys.readouterr().err == f'relation "x" does not exist\nLINE 2:   nope\n          ^{end}\n'


def test_first_line_is_shown_without_the_copy_around_it() -> None:
    error = Refused("no\nLINE 1: copy (select nope) to stdout with (forma...\n                     ^\n")
    error.diag = SimpleNamespace(statement_position=str(len("copy (select ") + 1))
    assert sql._words(error, "select nope") == "no\nLINE 1: select nope\n               ^"


def test_error_without_a_place_is_told_as_it_is() -> None:
    assert sql._words(psycopg2.OperationalError("server closed\n"), "select 1") == "server closed"


def test_ctrl_c_ends_a_query_that_takes_long(
    warehouse: FakeConnection, run_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command("sql", QUERY) == 130
    assert warehouse.cancelled.is_set()
    assert capsys.readouterr().err == "\nInterrupted.\n"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errors.InsufficientPrivilege("permission denied for table dim_dates"), sql.OWNERS),
        (errors.SyntaxError('syntax error at or near ";"'), sql.ONE),
    ],
)
def test_error_of_the_asker_has_its_remedy(
    warehouse: FakeConnection,
    run_command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: psycopg2.Error,
    remedy: str,
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(FakeConnection, "execute", refuse)
    assert run_command("sql", "delete from trusted.dim_dates") == 1
    assert capsys.readouterr().err == f"{error}{remedy}\n"


@pytest.mark.parametrize("query", ["-- why\nshow x", "explain select 1"])
def test_rows_of_any_statement_are_printed(
    warehouse: FakeConnection,
    run_command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
) -> None:
    columns = [SimpleNamespace(name="a"), SimpleNamespace(name="b")]
    monkeypatch.setattr(FakeConnection, "description", columns, raising=False)
    monkeypatch.setattr(FakeConnection, "__iter__", lambda _: iter([(1, None)]), raising=False)
    assert run_command("sql", query) == 0
    assert capsys.readouterr().out == "a,b\n1,\n"


def test_comment_at_the_end_hides_nothing_of_what_is_sent(
    warehouse: FakeConnection, run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    monkeypatch.setattr(FakeConnection, "copy_expert", lambda _, statement, __: sent.append(statement))
    for query in ("select 1 -- one", "-- why\n(select 1)"):
        assert run_command("sql", query) == 0
    assert sent == [
        "copy (select 1 -- one\n) to stdout with (format csv, header)",
        "copy (-- why\n(select 1)\n) to stdout with (format csv, header)",
    ]
