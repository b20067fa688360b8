"""`make doctor` on sources that exist: what it warns of, and where it asks them. Docker is played here."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from include.environment import ROOT

STACK = """#!/usr/bin/env bash
[[ $1 == is-up ]] && exit {is_up}
echo "the stack was asked: $*"
exit 1
"""
PYTHON = """#!/usr/bin/env bash
echo "python was asked: $*"
exit 1
"""
READY = "SOURCES=existing\nCOMPOSE_PROFILES=warehouse\nNETWORK_INTERNAL=false\n"


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Return a function that runs doctor on a .env: its exit code, and what it says of the sources."""
    (tmp_path / "cli").mkdir()
    shutil.copy2(ROOT / "cli" / "doctor", tmp_path / "cli" / "doctor")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    _script(
        docker, "#!/usr/bin/env bash\n[[ $1 != info ]] || echo 8000000000\n[[ $1 != compose ]] || echo 2.30\n"
    )

    def run(env: str, *, is_up: bool = False) -> tuple[int, list[str]]:
        (tmp_path / ".env").write_text(env)
        _script(tmp_path / "cli" / "stack", STACK.format(is_up=int(not is_up)))
        # Ports that nobody has.
        variables = {
            "PATH": f"{docker.parent}:{os.environ['PATH']}",
            "AIRFLOW_PORT": "1",
            "WAREHOUSE_PORT": "2",
        }
        command = [tmp_path / "cli" / "doctor"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
        assert done.stderr == ""
        _, _, said = done.stdout.partition("(WAREHOUSE_PORT) is free\n")
        return done.returncode, said.splitlines()

    return run


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.parametrize("env", ["", "SOURCES=\n", "SOURCES=played\nCOMPOSE_PROFILES=databases\n"])
def test_played_sources_need_no_word(doctor: Callable, env: str) -> None:
    assert doctor(env) == (0, [])


def test_connection_that_replaces_a_played_source_is_warned_of(doctor: Callable) -> None:
    code, said = doctor("SOURCES=played\nAIRFLOW_CONN_SOURCE_POSTGRES=postgresql://reader:secret@crm/shop\n")
    assert code == 0
    assert len(said) == 1
    assert "careful  SOURCES=played, but .env has AIRFLOW_CONN_SOURCE_" in said[0]
    assert "secret" not in said[0]


def test_word_that_is_no_mode_is_missing(doctor: Callable) -> None:
    assert doctor("SOURCES=own\n") == (
        1,
        ["  MISSING  SOURCES=own in .env is neither played nor existing: mend it"],
    )


@pytest.mark.parametrize("env", [READY, READY.replace("=existing", '="existing"  # ours')])
def test_sources_that_exist_are_said(doctor: Callable, env: str) -> None:
    assert doctor(env) == (
        0,
        [
            "  ok       SOURCES=existing: your own systems are read, and never written",
            "  ok       make check-sources tells what the reader may see",
        ],
    )


def test_settings_for_played_sources_are_warned_of(doctor: Callable) -> None:
    code, said = doctor("SOURCES=existing\nCOMPOSE_PROFILES=databases\nNETWORK_INTERNAL=true\n")
    assert code == 0
    assert said[1:3] == [
        "  careful  COMPOSE_PROFILES=databases starts two sources that nobody reads: set it to warehouse",
        "  careful  NETWORK_INTERNAL=true leaves the containers no way to your systems: set it to false",
    ]


def test_stack_that_is_up_is_asked_first(doctor: Callable, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    _script(python, PYTHON)
    code, said = doctor(READY)
    assert (code, said[-1]) == (0, "python was asked: -m cli check-sources")
    code, said = doctor(READY, is_up=True)
    assert (code, said[-1]) == (0, "the stack was asked: check-sources")
