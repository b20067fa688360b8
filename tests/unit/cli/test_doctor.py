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
DOCKER = """#!/usr/bin/env bash
[[ $1 != info ]] || echo 8000000000
[[ $1 != compose ]] || echo 2.30
[[ $1 != version ]] || echo 28.0
"""
READY = "SOURCES=existing\nCOMPOSE_PROFILES=warehouse\nNETWORK_INTERNAL=false\n"


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Return a function that runs doctor on a .env: its exit code, and what it says of the sources."""
    (tmp_path / "cli").mkdir()
    shutil.copy2(ROOT / "cli" / "doctor", tmp_path / "cli" / "doctor")
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    _script(docker, DOCKER)

    def run(env: str, *, is_up: bool = False) -> tuple[int, list[str]]:
        (tmp_path / ".env").write_text(env)
        _script(tmp_path / "cli" / "stack", STACK.format(is_up=int(not is_up)))
        # Ports that nobody has.
        variables = {
            "PATH": f"{docker.parent}:{os.environ['PATH']}",
            "AIRFLOW_PORT": "1",
            "WAREHOUSE_PORT": "2",
            "DASHBOARD_PORT": "3",
        }
        command = [tmp_path / "cli" / "doctor"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
        assert done.stderr == ""
        _, _, said = done.stdout.partition("(DASHBOARD_PORT) is free\n")
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


def test_network_without_a_way_to_power_bi_is_warned_of(doctor: Callable) -> None:
    workspace = "POWER_BI_WORKSPACE_ID=f089354e-8366-4e18-aea3-4cb4a3a50b48\n"
    careful = "  careful  NETWORK_INTERNAL=true leaves the containers no way to Power BI: set it to false"
    assert doctor(workspace) == (0, [careful])
    assert doctor(f"{workspace}NETWORK_INTERNAL=false\n") == (0, [])


def test_stack_that_is_up_is_asked_first(doctor: Callable, tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    _script(python, PYTHON)
    code, said = doctor(READY)
    assert (code, said[-1]) == (0, "python was asked: -m cli check-sources")
    code, said = doctor(READY, is_up=True)
    assert (code, said[-1]) == (0, "the stack was asked: check-sources")


@pytest.fixture
def missing(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs doctor with programs played by shell text: what it misses."""
    (tmp_path / "cli").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy2(ROOT / "cli" / "doctor", tmp_path / "cli" / "doctor")
    _script(tmp_path / "cli" / "stack", STACK.format(is_up=1))

    def run(*, port: str = "1", **programs: str) -> str:
        for name, text in programs.items():
            _script(tmp_path / "bin" / name.replace("_", "-"), f"#!/usr/bin/env bash\n{text}\n")
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        env = {"PATH": path, "AIRFLOW_PORT": port, "WAREHOUSE_PORT": "2", "DASHBOARD_PORT": "3"}
        command = [tmp_path / "cli" / "doctor"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.stderr == ""
        _, _, said = done.stdout.partition("MISSING  ")
        assert (done.returncode == 1) == bool(said)
        return said.partition("\n  ok ")[0]

    return run


def test_docker_that_may_not_be_used_is_told_apart_from_one_that_is_off(missing: Callable) -> None:
    denied = "permission denied while trying to connect to the Docker daemon socket"
    said = missing(docker=f"[[ $1 != info ]] || {{ echo '{denied}' >&2; exit 1; }}")
    assert "you may not use it. Do 'sudo usermod -aG docker " in said
    assert f"Docker says: {denied}" in said
    off = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    said = missing(docker=f"[[ $1 != info ]] || {{ echo '{off}' >&2; exit 1; }}")
    assert "start Docker Desktop or 'sudo systemctl start docker'" in said
    assert f"Docker says: {off}" in said


def test_podman_is_not_docker(missing: Callable) -> None:
    said = missing(docker="[[ $1 != --version ]] || echo podman version 4.9.3")
    assert "is Podman" in said
    assert "make demo" in said


def test_compose_of_before_is_named_with_its_version(missing: Callable) -> None:
    said = missing(
        docker="[[ $1 != compose ]] || exit 1; [[ $1 != version ]] || echo 20.10.24",
        docker_compose="echo 1.29.2",
    )
    assert "Docker has no Compose 2.21 or newer (docker-compose is 1.29.2): install the plugin" in said


@pytest.mark.parametrize(
    ("compose", "engine", "said"),
    [
        ("2.26.1-4", "24.0.7", "Docker Engine is 24.0.7, with Compose 2.26.1-4 25 or newer is needed"),
        (
            "v2.24.0",
            "20.10.24+dfsg1",
            "Docker Engine is 20.10.24+dfsg1, with Compose v2.24.0 25 or newer is needed",
        ),
        # This one leaves out what the engine does not know.
        ("2.23.3", "24.0.7", ""),
        ("2.24.0", "25.0.0", ""),
        ("2.40.3", "28.2.2", ""),
    ],
)
def test_engine_is_to_know_what_compose_asks_for(
    missing: Callable, compose: str, engine: str, said: str
) -> None:
    docker = f"case $1 in info) echo 8000000000;; compose) echo {compose};; version) echo {engine};; esac"
    assert missing(docker=docker) == said


@pytest.mark.parametrize("port", ["http", "0", "70000", "8080/tcp"])
def test_port_that_is_none_is_named(missing: Callable, port: str) -> None:
    assert (
        missing(docker=DOCKER, port=port)
        == f"AIRFLOW_PORT={port} in .env is no port: a number from 1 to 65535"
    )
