"""What make and set-up hand on of the caller's shell before anything in Python begins."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from include.environment import ROOT, read_env

FOREIGN = {
    "BASH_ENV": "/nonexistent",
    "ENV": "/nonexistent",
    "CDPATH": "/",
    "GLOBIGNORE": "*",
    "POSIXLY_CORRECT": "1",
    "SHELLOPTS": "noglob",
    "BASH_FUNC_docker%%": "() { exit 3; }",
    "COMPOSE_FILE": "/nonexistent.yml",
    "COMPOSE_PROFILES": "x",
    "AIRFLOW_HOME": "/nonexistent",
    "MONGO_HOST": "elsewhere.invalid",
}
# A Python that makes an empty .venv, and a uv that says what it was told.
PYTHON = """#!/usr/bin/env bash
[[ $1 != -m ]] || mkdir -p .venv/bin
[[ $1 != --version ]] || echo Python 3.11
"""
UV = "#!/usr/bin/env bash\nenv\n"


@pytest.fixture
def shown(tmp_path: Path):
    """Return a function that returns the environment of a target's commands, called in a shell."""
    (tmp_path / "Makefile").write_text(f"include {ROOT / 'Makefile'}\nshow:\n\t@env\n")

    def shown(*arguments: str, **shell: str) -> dict[str, str]:
        env = {"PATH": os.environ["PATH"], **shell}
        done = subprocess.run(
            ["make", "show", *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)

    return shown


def test_what_bash_and_compose_read_does_not_reach_what_make_starts(shown) -> None:
    kept = {
        "COMPOSE_PROJECT_NAME": "mine",
        "IMAGE_TAG": "mine",
        "DOCKER_HOST": "unix:///x",
        "http_proxy": "x",
    }
    found = shown(**FOREIGN, **kept)
    assert found.items() >= kept.items()
    assert not found.keys() & FOREIGN.keys()
    assert not [name for name in found if "docker" in name]


def test_settings_are_those_of_env_and_not_the_shells(shown) -> None:
    settings = read_env(ROOT / ".env.example")
    read_by_compose = {name for name in settings if f"${{{name}" in (ROOT / "docker-compose.yml").read_text()}
    assert len(read_by_compose) > 15
    assert not shown(**dict.fromkeys(read_by_compose, "x")).keys() & read_by_compose


@pytest.mark.parametrize(
    ("shell", "arguments", "asks"),
    [
        ({"AS": "/usr/bin/x86_64-linux-gnu-as"}, (), ""),
        ({}, (), ""),
        ({"AS": "admin"}, (), "admin"),
        ({}, ("AS=admin",), "admin"),
        ({"AS": "/usr/bin/as"}, ("AS=me",), "me"),
    ],
)
def test_assembler_of_the_shell_does_not_ask(shown, shell, arguments: tuple[str, ...], asks: str) -> None:
    assert shown(*arguments, **shell).get("AS", "") == asks


def test_set_up_takes_of_pip_and_uv_where_packages_come_from(tmp_path: Path) -> None:
    for folder in ("cli", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy2(ROOT / "cli" / "setup", tmp_path / "cli")
    (tmp_path / "requirements-dev.txt").touch()
    for name, text in (("python", PYTHON), ("uv", UV)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    kept = {
        "PIP_INDEX_URL": "x",
        "UV_DEFAULT_INDEX": "x",
        "UV_INDEX_X_PASSWORD": "x",
        "PIP_CERT": "x",
        "UV_CACHE_DIR": "x",
    }
    lost = dict.fromkeys(
        ("PIP_TARGET", "PIP_USER", "UV_REQUIRE_HASHES", "UV_SYSTEM_PYTHON", "VIRTUAL_ENV"), "1"
    )
    env = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "PYTHON": str(tmp_path / "bin" / "python"),
        **kept,
        **lost,
    }
    done = subprocess.run([tmp_path / "cli" / "setup"], env=env, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert found.items() >= kept.items()
    assert not found.keys() & lost.keys()
