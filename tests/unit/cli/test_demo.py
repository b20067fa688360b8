"""`make demo`: from its arguments to what the run is asked for, and how it ends. Servers are played here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

import pytest

from cli import demo
from cli.airflow import AirflowError
from include.airflow_api import AirflowApiError
from include.embedded import EmbeddedServerError
from include.tables import PLAYED


@pytest.fixture
def confs() -> list[dict[str, object]]:
    """What the runs were asked for."""
    return []


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch, confs: list[dict[str, object]]) -> list[str]:
    """Replace servers and run; return the list of those that were stopped again."""
    names: list[str] = []

    @contextmanager
    def serve(name: str, value: object) -> Iterator[object]:
        try:
            yield value
        finally:
            names.append(name)

    def run(api: tuple[str, str], env: dict[str, str], conf: dict[str, object], logs: Path) -> int:
        assert api == ("http://airflow.test", "secret")
        assert logs == demo.LOCAL / "airflow" / "logs"
        confs.append(conf)
        return 0

    env = {"AIRFLOW_UI_PASSWORD": "secret"}
    monkeypatch.setattr(demo, "read_env", lambda _: {}, raising=False)
    monkeypatch.setattr(demo, "owned", nullcontext)
    monkeypatch.setattr(demo, "databases", lambda home: serve("databases", env))
    monkeypatch.setattr(demo, "components", lambda *_: serve("airflow", "http://airflow.test"))
    monkeypatch.setattr(demo, "AirflowApi", lambda url, password: (url, password))
    monkeypatch.setattr(demo, "give_up_interrupted", lambda _: None)
    monkeypatch.setattr(demo, "end_cleanly_on_signals", lambda: None)
    monkeypatch.setattr(demo, "run", run)
    return names


@pytest.fixture
def own_files(tmp_path: Path) -> None:
    """Make the test's folder one with files of somebody's own."""
    for source in PLAYED:
        (tmp_path / source.file).touch()


@pytest.fixture
def make_demo(stopped: list[str], run_command: Callable[..., int]) -> Callable[..., int]:
    """Run the command with these arguments; return its exit code."""
    return partial(run_command, "demo")


def test_without_arguments_the_first_day_is_brought(
    make_demo: Callable[..., int], confs: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_demo() == 0
    assert confs == [{"as_of": "2024-09-01", "allow_mass_deletion": True, "quality_gate": "warn"}]
    assert "make demo AS_OF=2024-09-02 " in capsys.readouterr().out


def test_another_day_can_be_asked_for(
    make_demo: Callable[..., int], confs: list[dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_demo("--as-of", "2024-12-31") == 0
    assert confs == [{"as_of": "2024-12-31", "allow_mass_deletion": True, "quality_gate": "warn"}]
    assert "make demo AS_OF=2025-01-01 " in capsys.readouterr().out


def test_full_refresh_can_be_asked_for_on_the_first_day(
    make_demo: Callable[..., int], confs: list[dict[str, object]]
) -> None:
    assert make_demo("--full-refresh") == 0
    assert confs == [
        {"as_of": "2024-09-01", "mode": "full refresh", "allow_mass_deletion": True, "quality_gate": "warn"}
    ]


@pytest.mark.usefixtures("own_files")
def test_full_refresh_of_own_files_has_no_day(
    make_demo: Callable[..., int], confs: list[dict[str, object]], tmp_path: Path
) -> None:
    assert make_demo("--full-refresh", "--data-dir", str(tmp_path)) == 0
    own = {"data_dir": str(tmp_path.resolve()), "allow_mass_deletion": True, "quality_gate": "warn"}
    assert confs == [own | {"mode": "full refresh"}]


@pytest.mark.usefixtures("own_files")
def test_own_files_have_no_day_unless_it_is_given(
    make_demo: Callable[..., int], confs: list[dict[str, object]], tmp_path: Path
) -> None:
    make_demo("--data-dir", str(tmp_path))
    make_demo("--data-dir", str(tmp_path), "--as-of", "2024-05-06")
    own = {"data_dir": str(tmp_path.resolve()), "allow_mass_deletion": True, "quality_gate": "warn"}
    assert confs == [own, own | {"as_of": "2024-05-06"}]


def test_own_files_are_refused_at_once_where_nothing_is_seeded(
    make_demo: Callable[..., int],
    stopped: list[str],
    confs: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo, "read_env", lambda _: {"SOURCES": "existing"})
    assert make_demo("--data-dir", ".") == 1
    assert "leave DATA_DIR out" in capsys.readouterr().err
    assert stopped == confs == []


@pytest.mark.parametrize("day", ["tomorrow", "2024-02-30", "01.09.2024"])
def test_day_that_is_no_date_starts_nothing(
    make_demo: Callable[..., int], stopped: list[str], capsys: pytest.CaptureFixture[str], day: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        make_demo("--as-of", day)
    assert ended.value.code == 2
    assert f"AS_OF must be a day, as 2024-09-02, not {day!r}" in capsys.readouterr().err
    assert stopped == []


def test_good_run_ends_with_what_to_do_next(
    make_demo: Callable[..., int], stopped: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert make_demo() == 0
    out = capsys.readouterr().out
    assert out.index("Databases are up (") < out.index("Airflow is up (") < out.index("What next\n")
    assert out.index("What next\n") < out.index("\nTook ")
    assert stopped == ["airflow", "databases"]


def test_failed_run_is_a_failed_command(
    make_demo: Callable[..., int],
    stopped: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo, "run", lambda *_: 1)
    assert make_demo() == 1
    assert "What next" not in capsys.readouterr().out
    assert stopped == ["airflow", "databases"]


@pytest.mark.parametrize("error", [AirflowError, AirflowApiError, EmbeddedServerError])
def test_server_that_fails_is_told_in_one_message(
    make_demo: Callable[..., int],
    stopped: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[Exception],
) -> None:
    def run(*_: object) -> int:
        raise error("it stopped, see its log")

    monkeypatch.setattr(demo, "run", run)
    assert make_demo() == 1
    assert capsys.readouterr().err == "\nit stopped, see its log\n"
    assert stopped == ["airflow", "databases"]


def test_interrupt_stops_everything_and_says_so(
    make_demo: Callable[..., int],
    stopped: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", run)
    assert make_demo() == 130
    captured = capsys.readouterr()
    assert "Interrupted. Everything is stopped" in captured.err
    assert "Took " in captured.out
    assert stopped == ["airflow", "databases"]
