"""A load that takes long says how far it is: rows that COPY has taken, or a lock that it waits for."""

import logging
import time

import pytest

from include.extract_load import load_table
from include.progress import followed
from include.run import Run
from include.tables import SOURCES_BY_NAME
from include.transaction import transaction
from tests.pipeline import today


@pytest.fixture(autouse=True)
def impatient(monkeypatch, caplog):
    monkeypatch.setattr("include.waiting.QUIET_SECONDS", 0.3)
    caplog.set_level(logging.WARNING)


class Slowly:
    """A stream of rows that pauses until somebody has looked."""

    def __init__(self, caplog) -> None:
        self._caplog = caplog
        self._parts = ["\n".join(map(str, range(70_000))) + "\n", ""]

    def read(self, size: int) -> str:
        if len(self._parts) == 2:
            self._rest = self._parts.pop(0)
        elif not self._rest:
            deadline = time.monotonic() + 20
            while not self._caplog.messages and time.monotonic() < deadline:
                time.sleep(0.05)
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


def test_rows_that_were_copied_so_far_are_told(platform, caplog):
    loader = platform.connect("elt_loader")
    with followed(loader, "numbers to be loaded"), transaction(loader) as cursor:
        cursor.execute("create temporary table numbers (n bigint)")
        cursor.copy_expert("copy numbers from stdin", Slowly(caplog))
    assert caplog.messages[0].startswith("Waiting for numbers to be loaded (0.3 s) copied ")
    copied = int(caplog.messages[0].split()[-2].replace(",", ""))
    assert 60_000 <= copied <= 70_000


def test_a_load_that_waits_for_another_session_says_so(platform, caplog, in_background, eventually):
    other = platform.connect("elt_loader")
    other.cursor().execute("lock table ops.watermarks, raw.postgres_users in access exclusive mode")
    source, loader = platform.connect("elt_reader"), platform.connect("elt_loader")
    loading = in_background(load_table, source, loader, SOURCES_BY_NAME["users"], Run(today("slow")))
    eventually(lambda: caplog.messages, 20)
    other.rollback()
    loading.result(30)
    said = "Waiting for raw.postgres_users to be loaded (0.3 s) another session holds a lock"
    assert caplog.messages[0] == said


def test_quick_loads_say_nothing(platform, caplog):
    loader = platform.connect("elt_loader")
    with followed(loader, "nothing"):
        loader.cursor().execute("select 1")
    assert caplog.messages == []
