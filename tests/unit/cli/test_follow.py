"""What a person sees of a run while it goes on."""

import sys
from collections.abc import Iterator

import pytest

from cli import follow as module
from cli.follow import follow, label
from include.airflow_api import AirflowUnreachableError

GROUP = "extract_to_data_warehouse."


def task(task_id: str, state: str | None, **values: object) -> dict:
    common = {"map_index": -1, "rendered_map_index": None, "try_number": 1, "duration": 1.25}
    return {"task_id": task_id, "state": state, **common, **values}


class ScriptedApi:
    """A run whose states follow one another: (state of the run, its task instances)."""

    def __init__(self, *steps: tuple[str, list[dict]]) -> None:
        self._steps: Iterator[tuple[str, list[dict]]] = iter(steps)
        self._tasks: list[dict] = []

    def run_state(self, run_id: str) -> str:
        assert run_id == "manual__1"
        state, self._tasks = next(self._steps)
        if state == "unreachable":
            raise AirflowUnreachableError("Airflow does not answer")
        return state

    def task_instances(self, run_id: str) -> list[dict]:
        assert run_id == "manual__1"
        return self._tasks


@pytest.fixture(autouse=True)
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(module.time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        (task("generate_source_files", "success"), "generate_source_files"),
        (
            task(f"{GROUP}load_postgres_table", "success", map_index=0, rendered_map_index="users"),
            "load_postgres_table[users]",
        ),
        (task(f"{GROUP}load_postgres_table", None, map_index=0), "load_postgres_table[0]"),
        (task(f"{GROUP}load_mongo_collection", None, map_index=2), "load_mongo_collection[2]"),
        (task("another_group.load", "success"), "another_group.load"),
    ],
)
def test_task_is_labelled_as_people_know_it(instance: dict, expected: str) -> None:
    assert label(instance) == expected


def test_each_task_is_printed_once_when_it_has_ended(
    capsys: pytest.CaptureFixture[str], sleeps: list[float]
) -> None:
    generate = task("generate_source_files", "success")
    users = {"map_index": 0, "rendered_map_index": "users"}
    load = f"{GROUP}load_postgres_table"
    api = ScriptedApi(
        ("queued", [task("generate_source_files", None, duration=None)]),
        ("running", [task("generate_source_files", "running")]),
        ("running", [generate, task(load, "running", **users)]),
        ("running", [generate, task(load, "success", **users, duration=62.04)]),
        ("success", [generate, task(load, "success", **users, duration=62.04), task("report", "success")]),
    )
    assert follow(api, "manual__1") == "success"
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["ok", "generate_source_files", "1.2", "s"],
        ["ok", "load_postgres_table[users]", "62.0", "s"],
        ["ok", "report", "1.2", "s"],
    ]
    assert len(sleeps) == 4


def test_mapped_tasks_of_one_name_are_printed_each(capsys: pytest.CaptureFixture[str]) -> None:
    instances = [
        task("load", "success", map_index=number, rendered_map_index=name)
        for number, name in enumerate(["users", "viewing_sessions"])
    ]
    follow(ScriptedApi(("success", instances)), "manual__1")
    printed = capsys.readouterr().out
    assert (printed.count("load[users]"), printed.count("load[viewing_sessions]")) == (1, 1)


def test_failed_run_shows_how_every_task_ended(capsys: pytest.CaptureFixture[str]) -> None:
    api = ScriptedApi(
        ("running", [task("seed", "up_for_retry", try_number=1)]),
        (
            "failed",
            [
                task("seed", "failed", try_number=3),
                task("extract", "upstream_failed", duration=None, try_number=0),
                task("transform", "skipped"),
                task("old", "removed", duration=None),
                task("report", "success", try_number=2),
            ],
        ),
    )
    assert follow(api, "manual__1") == "failed"
    assert [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()] == [
        "FAILED seed 1.2 s (attempt 3)",
        "not run extract 0.0 s",
        "skipped transform 1.2 s",
        "removed old 0.0 s",
        "ok report 1.2 s (attempt 2)",
    ]


def test_what_runs_now_is_shown_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = [task("seed", "running"), task("other", "up_for_retry"), task("later", "scheduled")]
    steps = [("running", running), ("success", [task("seed", "success")])]
    follow(ScriptedApi(*steps), "manual__1")
    assert "..." not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    follow(ScriptedApi(*steps), "manual__1")
    shown = capsys.readouterr().out
    assert "seed, other" in shown
    assert "later" not in shown
    # The line of what ran is wiped at the end.
    assert "seed, other" not in shown.rpartition("\033[2K")[2]


def test_an_api_server_that_starts_again_does_not_end_the_watch() -> None:
    done = [task("report_run", "success")]
    api = ScriptedApi(("running", []), ("unreachable", []), ("unreachable", []), ("success", done))
    assert follow(api, "manual__1") == "success"


def test_an_api_server_that_is_gone_ends_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.patience.PATIENCE_SECONDS", -1)
    with pytest.raises(AirflowUnreachableError, match="does not answer"):
        follow(ScriptedApi(("running", []), ("unreachable", [])), "manual__1")


def test_table_of_a_mapped_task_is_shown_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = task("load_postgres_table", "running") | {"map_index": 0, "rendered_map_index": "users"}
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    follow(ScriptedApi(("running", [running]), ("success", [])), "manual__1")
    assert "load_postgres_table[users]" in capsys.readouterr().out


def test_silence_of_ten_seconds_is_broken_by_what_is_awaited(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIET_SECONDS", -1)
    api = ScriptedApi(
        ("queued", []),
        ("running", []),
        ("running", [task("seed", "running")]),
        ("running", [task("seed", "running")]),
        ("success", [task("seed", "success")]),
    )
    follow(api, "manual__1")
    assert capsys.readouterr().err.splitlines() == [
        "  waiting for the run to begin (0 s)",
        "  waiting for the next task to begin (0 s)",
        "  waiting for seed (0 s)",
    ]
