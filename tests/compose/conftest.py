"""A Compose stack of its own: a clean copy of the project, its own name, ports, image tag and volumes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.embedded.processes import free_port
from include.environment import read_env
from tests.conftest import Platform
from tests.project_copy import copy_project

SIZES = {"GENERATE_USERS": "300", "GENERATE_TITLES": "40", "GENERATE_SESSIONS": "6000"}


@dataclass
class Stack:
    """The stack in its folder, driven as people do: by make."""

    folder: Path
    name: str

    def make(self, *arguments: str, check: bool = True) -> str:
        """Run a make target; return what it printed."""
        return self.run("make", *arguments, check=check)

    def run(self, *command: str, check: bool = True, **variables: str) -> str:
        """Run a command with these variables; return what it printed."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        environment = clean | {"COMPOSE_PROJECT_NAME": self.name, "IMAGE_TAG": "test", **variables}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout + done.stderr

    def containers(self) -> dict[str, dict]:
        """Return what Docker knows of the stack's containers, by service."""
        label = f"label=com.docker.compose.project={self.name}"
        identifiers = docker("ps", "--all", "--quiet", "--filter", label).split()
        found = json.loads(docker("inspect", *identifiers)) if identifiers else []
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    @property
    def env(self) -> dict[str, str]:
        return read_env(self.folder / ".env")

    @property
    def warehouse(self) -> Platform:
        """The warehouse as programs on this machine reach it."""
        return Platform(self.env | {"WAREHOUSE_HOST": "127.0.0.1"})

    def set(self, **settings: str) -> None:
        """Change settings in .env, as a person would: quoted where needed."""
        path = self.folder / ".env"
        kept = [line for line in path.read_text().splitlines() if line.partition("=")[0] not in settings]
        escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in settings.items()}
        path.write_text("\n".join([*kept, *(f"{name}='{value}'" for name, value in escaped.items())]) + "\n")


def docker(*arguments: str) -> str:
    """Run a docker command; return what it printed."""
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True, timeout=300
    ).stdout


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The stack, up and healthy; gone with its data afterwards."""
    folder = copy_project("streaming-compose-")
    own = Stack(folder, f"streaming-test-{os.getpid()}")
    ports = {f"{name}_PORT": str(free_port()) for name in ("AIRFLOW", "WAREHOUSE", "DASHBOARD", "SPARK_UI")}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in (SIZES | ports).items()))
    try:
        own.make("up")
        yield own
    finally:
        own.make("reset", "YES=1", check=False)
        shutil.rmtree(folder)
