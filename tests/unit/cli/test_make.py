"""`make run` and `make demo`: which command line people's variables become. Docker is played here."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from include.environment import ROOT
from include.tables import SOURCES

# Keeps what it is asked for, reads what it is sent, and names a container: the stack is up. Who only
# looks how containers are doing meanwhile asks for nothing.
DOCKER = """#!/usr/bin/env bash
[[ $1 != ps && $1 != inspect ]] || exit 0
printf '%s\\n' "$*" >>"$(dirname "$0")/asked"
cat >/dev/null
echo container
"""
IN_SCHEDULER = "compose --env-file /dev/null exec --env ASKED_BY_MAKE=1 -T airflow-scheduler python -m cli "


def make(folder: Path, *arguments: str, path: str = os.environ["PATH"], **variables: str) -> str:
    """Return what make prints. Nothing of a make or of variables around the tests reaches it."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env={"PATH": path, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., str]:
    """Return what make, with these variables, asks Docker for at last, from a copy without a .venv."""
    (tmp_path / "cli").mkdir()
    for name in ("Makefile", "cli/stack", "cli/stack-trouble"):
        shutil.copy2(ROOT / name, tmp_path / name)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)

    def ask(*variables: str, target: str = "run") -> str:
        make(tmp_path, target, *variables, path=f"{docker.parent}:{os.environ['PATH']}")
        return (docker.parent / "asked").read_text().splitlines()[-1]

    return ask


def test_variables_of_libpq_do_not_reach_what_make_starts(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(f"include {ROOT / 'Makefile'}\nshow:\n\t@env\n")
    env = {"PATH": os.environ["PATH"], "PGSSLMODE": "require", "PGSERVICE": "x", "MY_PG": "kept"}
    done = subprocess.run(["make", "show"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert "MY_PG=kept" in done.stdout.splitlines()
    assert not [line for line in done.stdout.splitlines() if line.startswith("PG")]


def test_variables_of_python_do_not_reach_what_make_starts(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text(f"include {ROOT / 'Makefile'}\nshow:\n\t@env\n")
    env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "0", "PYTHONWARNINGS": "error", "PYTHON": "python3.12"}
    done = subprocess.run(["make", "show"], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    found = {line for line in done.stdout.splitlines() if line.startswith("PYTHON")}
    assert found == {"PYTHONUTF8=1", "PYTHON=python3.12"}


@pytest.mark.parametrize("value", ["1", "true"])
def test_full_refresh_reaches_the_command_in_the_stack(asked: Callable[..., str], value: str) -> None:
    assert asked(f"FULL_REFRESH={value}") == IN_SCHEDULER + "run --full-refresh"


@pytest.mark.parametrize("variables", [(), ("FULL_REFRESH=",), ("FULL_REFRESH=0",), ("FULL_REFRESH=false",)])
def test_no_full_refresh_without_a_yes(asked: Callable[..., str], variables: tuple[str, ...]) -> None:
    assert asked(*variables) == IN_SCHEDULER + "run"


def test_full_refresh_of_own_files_of_a_day(asked: Callable[..., str], tmp_path: Path) -> None:
    own = tmp_path / "my files"
    own.mkdir()
    for source in SOURCES:
        (own / source.file).touch()
    options = "run --full-refresh --as-of 2024-09-02 --data-dir /opt/airflow/data/own"
    assert asked("FULL_REFRESH=1", "AS_OF=2024-09-02", f"DATA_DIR={own}") == IN_SCHEDULER + options


@pytest.mark.parametrize(("variables", "argument"), [((), ""), (("SOURCE=my crm",), " my crm")])
def test_source_to_discover_reaches_the_command(
    asked: Callable[..., str], variables: tuple[str, ...], argument: str
) -> None:
    assert asked(*variables, target="discover") == IN_SCHEDULER + "discover" + argument


def test_full_refresh_reaches_the_demo() -> None:
    assert make(ROOT, "-n", "demo", "FULL_REFRESH=1").split()[-2:] == ["demo", "--full-refresh"]
    assert make(ROOT, "-n", "demo").split()[-1] == "demo"


def refusal(*arguments: str) -> str:
    """Return what make says of variables that it does not take."""
    done = subprocess.run(
        ["make", "-n", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr


@pytest.mark.parametrize("name", ["as_of", "AS-OF", "asof", "data_dir", "full_refresh"])
@pytest.mark.parametrize("target", ["demo", "run"])
def test_misspelt_variable_is_not_passed_over(target: str, name: str) -> None:
    said = f"{name} is nothing that make knows: AS_OF, DATA_DIR and FULL_REFRESH are."
    assert said in refusal("-o", ".venv/installed.txt", target, f"{name}=2024-09-02")


def test_full_refresh_is_yes_or_no() -> None:
    assert "FULL_REFRESH must be 1 or 0, not yes." in refusal(
        "-o", ".venv/installed.txt", "demo", "FULL_REFRESH=yes"
    )


@pytest.mark.parametrize(("name", "option"), [("AS_OF", "--as-of"), ("DATA_DIR", "--data-dir")])
def test_empty_variable_reaches_the_command_which_refuses_it(name: str, option: str) -> None:
    assert make(ROOT, "-n", "demo", f"{name}=").split()[-3:] == ["demo", option, f'"${name}"']
    assert make(ROOT, "-n", "demo").split()[-1] == "demo"


@pytest.mark.parametrize(("name", "option"), [("AS_OF", "--as-of"), ("DATA_DIR", "--data-dir")])
def test_variable_of_the_shell_counts_unless_it_is_empty(name: str, option: str) -> None:
    asked = make(ROOT, "-n", "demo", **{name: "2024-09-02"})
    assert asked.split()[-3:] == ["demo", option, f'"${name}"']
    # As a make hands it on that calls this one, from which nobody asked for it.
    assert make(ROOT, "-n", "demo", **{name: ""}).split()[-1] == "demo"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("demo", "SOURCES=existing"), "SOURCES: a setting is read from .env only"),
        (("ui", "AIRFLOW_PORT=8099"), "AIRFLOW_PORT: a setting is read from .env only"),
        (("ui", "PORT=8099"), "PORT is that of make docs: write AIRFLOW_PORT or DASHBOARD_PORT into .env"),
        (("dashboard", "PORT=8099"), "PORT is that of make docs: write AIRFLOW_PORT or DASHBOARD_PORT"),
        (("dashboard", "DASHBOARD_PORT=8099"), "DASHBOARD_PORT: a setting is read from .env only"),
    ],
)
def test_variable_that_nobody_reads_is_refused(arguments: tuple[str, ...], told: str) -> None:
    assert told in refused(ROOT, *arguments)


def test_makefile_of_another_folder_is_told_with_its_remedy(tmp_path: Path) -> None:
    assert f"make -C {ROOT}/ demo" in refused(tmp_path, "-f", str(ROOT / "Makefile"), "demo")


def refused(folder: Path, *arguments: str) -> str:
    """Return the one line with which make refuses to do anything."""
    command, env = ["make", "-n", *arguments], {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "-m cli" not in done.stdout
    return done.stderr
