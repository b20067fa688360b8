"""Two writers that have both read before one of them writes."""

import threading
from types import ModuleType

import pytest


def let_two_meet(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    """Let two threads wait for each other before the first Delta commit that each makes by the module."""
    write, both_have_read = module.write_deltalake, threading.Barrier(2, timeout=30)
    waits = threading.local()

    def write_together(*arguments: object, **named: object) -> None:
        if not getattr(waits, "done", False):
            waits.done = True
            both_have_read.wait()
        write(*arguments, **named)

    monkeypatch.setattr(module, "write_deltalake", write_together)
