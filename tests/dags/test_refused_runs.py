"""A run that cannot be meant ends in each of its first tasks, before one of them connects to anything."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from include import tasks
from include.errors import InputError


@pytest.mark.parametrize(
    "task", [tasks.generate_source_files, tasks.create_mongodb_collections, tasks.create_postgres_tables]
)
@pytest.mark.parametrize("as_of", ["1999-01-01", "9999-12-31"])
def test_day_out_of_range_is_told_as_the_command_line_tells_it(
    task: Callable, as_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES", "played")
    for connect in ("postgres", "mongo"):
        monkeypatch.setattr(tasks, connect, lambda *_: pytest.fail("it connects"))
    dag_run = SimpleNamespace(run_after=datetime(2024, 9, 1, tzinfo=UTC), conf={})
    context = {"run_id": "manual__1", "params": {"as_of": as_of}, "dag_run": dag_run}
    said = f"^as_of must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is {as_of}$"
    with pytest.raises(InputError, match=said):
        task(**context)
