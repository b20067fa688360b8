"""`make run` and the part of `make demo` that it shares: what a run is asked for, and how it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg2
import pytest

from cli import CommandError
from cli import run as module
from cli.run import conf_of, give_up_interrupted, run
from include.airflow_api import AirflowApiError, AirflowUnreachableError

LOGS = Path("home/airflow/logs")


class FakeApi:
    """Writes down what it is asked to do, in order."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.unfinished: list[dict] = []

    def wait_for_dag(self) -> None:
        self.asked.append("wait")

    def unpause(self) -> None:
        self.asked.append("unpause")

    def unfinished_runs(self) -> list[dict]:
        return self.unfinished

    def give_up(self, run_id: str) -> None:
        self.asked.append(("give up", run_id))
        # As the real one, which may need to be told twice.
        if ("give up", run_id) in self.asked[:-1]:
            self.unfinished.clear()

    def run_state(self, run_id: str) -> str:
        # And whose scheduler may then still write that it went well.
        return "failed" if self.asked.count(("give up", run_id)) > 2 else "success"

    def trigger(self, conf: dict[str, str]) -> str:
        self.asked.append(conf)
        return "manual__1"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Play the rest of a run that succeeds; return what was printed about it."""
    calls: list[tuple] = []

    @contextmanager
    def connect(env: dict[str, str], role: str) -> Iterator[str]:
        assert env == {"of": "the run"}
        yield role

    monkeypatch.setattr(module, "connect", connect)
    monkeypatch.setattr(module, "follow", lambda api, run_id: "success")
    monkeypatch.setattr(module, "print_summary", lambda *what: calls.append(("summary", *what)))
    monkeypatch.setattr(module, "print_published", lambda *what: calls.append(("published", *what)))
    monkeypatch.setattr(module, "print_failure", lambda api, *what: calls.append(("failure", *what)))
    return calls


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, run_command: Callable[..., int]
) -> Callable[..., dict[str, object]]:
    """Return what a run is asked for by these arguments."""
    confs: list[dict[str, object]] = []
    place = ("http://airflow.test", {"AIRFLOW_UI_PASSWORD": "x"}, LOGS)
    monkeypatch.setattr(module, "_beside_ui", lambda: place)
    monkeypatch.setattr(module, "_in_container", lambda: place)
    monkeypatch.setattr(module, "_supervised", nullcontext)
    monkeypatch.setattr(module, "refuse_wrong_arguments", lambda *_: None)
    monkeypatch.setattr(module, "AirflowApi", lambda *_: None)
    monkeypatch.setattr(module, "run", lambda _api, _env, conf, _logs: confs.append(conf))

    def ask(*arguments: str) -> dict[str, object]:
        assert run_command("run", *arguments) == 0
        return confs[-1]

    return ask


def test_nothing_said_leaves_the_day_to_the_pipeline(asked: Callable[..., dict[str, object]]) -> None:
    assert asked() == {}


def test_day_is_handed_on(asked: Callable[..., dict[str, object]]) -> None:
    assert asked("--as-of", "2024-12-31") == {"as_of": "2024-12-31"}


def test_full_refresh_is_handed_on(asked: Callable[..., dict[str, object]]) -> None:
    assert asked("--full-refresh") == {"mode": "full refresh"}


def test_own_files_are_named_by_their_whole_path(
    asked: Callable[..., dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    here = tmp_path.resolve()
    for given in ("my files", "./my files/", f"../{here.name}/my files", str(here / "my files")):
        assert asked("--data-dir", given)["data_dir"] == str(here / "my files")
    assert asked("--data-dir", "~/files")["data_dir"] == str(here / "home" / "files")


def test_own_files_may_be_of_a_day(asked: Callable[..., dict[str, object]], tmp_path: Path) -> None:
    both = asked("--data-dir", str(tmp_path), "--as-of", "2024-05-06")
    assert both["data_dir"] == str(tmp_path.resolve())
    assert both["as_of"] == "2024-05-06"


def test_good_run_ends_with_its_numbers_by_the_right_roles(
    told: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    api = FakeApi()
    assert run(api, {"of": "the run"}, {"as_of": "2024-09-02"}, LOGS) == 0
    assert api.asked == ["wait", "unpause", {"as_of": "2024-09-02"}]
    assert told == [("summary", "elt_loader", "bi_reader", "manual__1")]
    line = "Run manual__1 of video_streaming_elt_pipeline, {'as_of': '2024-09-02'}\n"
    assert capsys.readouterr().out == line


def test_failed_run_is_told_with_what_readers_see(told: list[tuple], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "follow", lambda api, run_id: "failed")
    assert run(FakeApi(), {"of": "the run"}, {}, LOGS) == 1
    assert told == [("failure", "manual__1", LOGS), ("published", "elt_loader")]


def test_warehouse_that_is_lost_after_a_good_run_is_told_in_a_sentence(
    told: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly\n")

    monkeypatch.setattr(module, "print_summary", lose)
    with pytest.raises(CommandError) as caught:
        run(FakeApi(), {"of": "the run"}, {}, LOGS)
    said = "The run succeeded; its summary cannot be read: server closed the connection unexpectedly"
    assert str(caught.value) == said


def test_failed_run_is_told_where_the_warehouse_is_away(
    told: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: object) -> None:
        raise psycopg2.OperationalError("connection refused")

    monkeypatch.setattr(module, "follow", lambda api, run_id: "failed")
    monkeypatch.setattr(module, "connect", connect)
    assert run(FakeApi(), {}, {}, LOGS) == 1
    assert told == [("failure", "manual__1", LOGS)]


def test_run_without_a_server_says_what_to_start(
    run_command: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(module, "SECRETS", tmp_path / "no secrets")
    monkeypatch.setattr(module, "LOCAL", tmp_path)
    assert run_command("run") == 1
    error = capsys.readouterr().err
    assert error.startswith("Nothing is up: ")
    assert "make up" in error
    assert "make ui" in error


def test_refusal_of_airflow_is_one_line(
    run_command: Callable[..., int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AirflowApiError("Airflow answered 401 to POST /auth/token: Invalid credentials")

    place = ("http://airflow.test", {"AIRFLOW_UI_PASSWORD": "x"}, LOGS)
    monkeypatch.setattr(module, "_beside_ui", lambda: place)
    monkeypatch.setattr(module, "_in_container", lambda: place)
    monkeypatch.setattr(module, "_supervised", nullcontext)
    monkeypatch.setattr(module, "AirflowApi", refuse)
    assert run_command("run") == 1
    assert capsys.readouterr().err == "Airflow answered 401 to POST /auth/token: Invalid credentials\n"


def test_blanks_around_a_pasted_folder_are_nobodys() -> None:
    assert conf_of(None, Path(" /my files "), full_refresh=False) == {"data_dir": "/my files"}


def test_run_says_which_one_airflow_finishes_first(
    told: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    api = FakeApi()
    api.unfinished = [{"dag_run_id": "manual__0", "conf": {"as_of": "2024-09-01"}}]
    assert run(api, {"of": "the run"}, {}, LOGS) == 0
    assert api.asked == ["wait", "unpause", {}]
    assert capsys.readouterr().out.startswith(
        "First Airflow finishes run manual__0, {'as_of': '2024-09-01'}\nRun manual__1 of "
    )


def test_demo_gives_up_what_an_interrupted_one_left(capsys: pytest.CaptureFixture[str]) -> None:
    api = FakeApi()
    api.unfinished = [{"dag_run_id": "manual__0", "conf": {}}]
    give_up_interrupted(api)
    assert api.asked == ["wait", *[("give up", "manual__0")] * 3]
    assert capsys.readouterr().out == "Run manual__0, today, was interrupted: it is given up\n"


def test_every_request_before_the_run_has_patience(
    told: list[tuple], monkeypatch: pytest.MonkeyPatch
) -> None:
    api, failed = FakeApi(), set()

    def slow_once(name: str) -> Callable[..., object]:
        answer = getattr(api, name)

        def call(*arguments: object) -> object:
            if name not in failed:
                failed.add(name)
                raise AirflowUnreachableError("Read timed out")
            return answer(*arguments)

        return call

    for name in ("wait_for_dag", "unpause", "unfinished_runs", "trigger"):
        monkeypatch.setattr(api, name, slow_once(name))
    monkeypatch.setattr("cli.patience.PAUSE_SECONDS", 0)
    assert run(api, {"of": "the run"}, {}, LOGS) == 0
    assert api.asked == ["wait", "unpause", {}]
    assert len(failed) == 4
