"""What integration tests share: a small product with its pipeline; how a load is killed or overtaken."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection

from include.ops.load_runs import Load, record_load
from include.run import Batch
from tests.conftest import Platform
from tests.integration.helpers.pipeline import Pipeline


@pytest.fixture
def pipeline(warehouse: Platform, tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline on the module's databases, emptied."""
    ready = Pipeline(warehouse, tmp_path)
    ready.empty()
    yield ready
    warehouse.close()


@pytest.fixture
def own_pipeline(platform: Platform, tmp_path: Path) -> Pipeline:
    """A pipeline on databases of its own, for a test that changes how they are built."""
    return Pipeline(platform, tmp_path)


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[None]]:
    """Return a context: while it lasts, a load of the named module dies just before it commits."""

    def record_load(*_: object) -> None:
        raise psycopg2.OperationalError("the worker was killed")

    @contextmanager
    def killed(module: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(f"include.{module}.record_load", record_load)
            yield

    return killed


@pytest.fixture
def first_held(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[threading.Event, threading.Event]]:
    """Return a function that holds the batch "first" of the named module just before it commits.

    The function gives two events: that the batch has written, and, to be set, that it may commit.
    """

    def first_held(module: str) -> tuple[threading.Event, threading.Event]:
        has_written, may_commit = threading.Event(), threading.Event()

        def record_slowly(warehouse: Connection, load: Load, batch: Batch) -> None:
            if batch.batch_id == "first":
                has_written.set()
                assert may_commit.wait(10)
            record_load(warehouse, load, batch)

        monkeypatch.setattr(f"include.{module}.record_load", record_slowly)
        return has_written, may_commit

    return first_held


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Return a function that waits until a condition holds, and fails when it does not in so many seconds."""

    def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "what was waited for did not happen"
            time.sleep(0.01)

    return eventually


@pytest.fixture
def in_background() -> Callable[..., Future]:
    """Return a function that starts a call and gives its Future: one that hangs holds up no other test."""

    def in_background(function: Callable, *arguments: object) -> Future:
        future = Future()

        def run() -> None:
            try:
                future.set_result(function(*arguments))
            except BaseException as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
        return future

    return in_background
