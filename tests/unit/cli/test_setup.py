"""`cli/setup`: what it says where something is in its way, and what it leaves. Python and uv are played."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from include.environment import ROOT
from tests.unit.cli.terminal import interrupted
from tests.unit.conftest import NOBODY

# A Python that fits, and makes a .venv of a pip that does what PIP says.
PYTHON = r"""#!/usr/bin/env bash
case $* in
  --version) echo Python 3.12.1 ;;
  -m\ venv*) [[ ! -e fail-venv ]] || { echo "no room" >&2; exit 1; }
    mkdir -p .venv/bin; cp "$0" .venv/bin/python
    printf '#!/usr/bin/env bash\necho "pip $*" >>asked\n%s\n' "${PIP:-}" >.venv/bin/pip
    printf '#!%s/.venv/bin/python\n' "$PWD" >.venv/bin/airflow
    chmod +x .venv/bin/* ;;
esac
"""
DF = "#!/bin/sh\necho header\necho disk 9 9 {kilobytes} 1% /\n"
NO_PIP = 'case $* in *" uv") exit 1 ;; *) echo "no route to host" >&2; exit 1 ;; esac'
# The interpreter does not start, as after an upgrade of the system; the other one is gone with a moved clone.
BREAK = {
    "no Python": lambda bin_: (bin_ / "python").unlink(),
    "Python of another version": lambda bin_: (bin_ / "python").write_text("#!/bin/sh\nexit 1\n"),
    "moved": lambda bin_: (bin_ / "airflow").write_text("#!/old/place/.venv/bin/python\n"),
}


class Clone:
    """A folder with the script and what it needs, where programs are played."""

    user: int | None = None

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder / "a clone", folder / "bin"
        (self.folder / "cli").mkdir(parents=True)
        shutil.copy2(ROOT / "cli" / "setup", self.folder / "cli")
        (self.folder / "requirements-dev.txt").write_text("what is needed\n")
        self.play("python3", PYTHON)
        self.play("df", DF.format(kilobytes=9_000_000))
        self.play("uv", '#!/bin/sh\necho "uv $*" >>asked\n')

    def play(self, name: str, script: str) -> None:
        self.bin.mkdir(exist_ok=True)
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def env(self, **variables: str) -> dict[str, str]:
        return {"PATH": f"{self.bin}:/usr/bin:/bin", **variables}

    def setup(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Return the exit code, and what was told."""
        done = subprocess.run(
            ["cli/setup", *arguments],
            cwd=self.folder,
            env=self.env(**variables),
            user=self.user,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def is_complete(self) -> bool:
        return (self.folder / ".venv" / "installed.txt").exists()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_good_one_is_complete_and_works(clone: Clone) -> None:
    assert clone.setup() == (0, "setup: installing into .venv (Python 3.12.1); this happens once\n")
    assert (clone.folder / ".venv" / "installed.txt").read_text() == "what is needed\n"
    assert clone.setup("works") == (0, "")
    assert clone.setup() == (0, "")
    (clone.folder / "requirements-dev.txt").write_text("what is needed now\n")
    assert clone.setup() == (0, "setup: installing into .venv (Python 3.12.1); this happens once\n")
    assert (clone.folder / ".venv" / "installed.txt").read_text() == "what is needed now\n"


def test_folder_that_may_not_be_written_is_told_before_anything(clone: Clone, for_nobody: None) -> None:
    clone.folder.chmod(0o555)
    clone.user = NOBODY if os.geteuid() == 0 else None
    code, told = clone.setup()
    assert (code, told.count("\n")) == (1, 1)
    assert "may not write into this folder" in told
    assert "python3-venv" not in told


@pytest.mark.parametrize("version", ["exit 42", '[ "$1" = --version ] || exit 42'], ids=["broken", "failing"])
def test_uv_that_fails_is_named_and_pip_is_taken(clone: Clone, version: str) -> None:
    clone.play("uv", f"#!/bin/sh\n{version}\n")
    code, told = clone.setup()
    assert code == 0
    assert f"setup: {clone.bin / 'uv'} " in told
    assert "install --quiet" in (clone.folder / "asked").read_text()
    assert clone.is_complete()


def test_without_a_network_the_remedy_is_told_and_nothing_is_complete(clone: Clone) -> None:
    clone.play("uv", "#!/bin/sh\nexit 2\n")
    code, told = clone.setup(PIP=NO_PIP)
    assert code == 1
    assert told.endswith(
        "no route to host\nsetup: not everything could be installed: the lines above say why. Without a"
        " network, or behind a proxy, set HTTPS_PROXY or PIP_INDEX_URL; then run the command again\n"
    )
    assert not clone.is_complete()


def test_full_disk_is_told_as_one(clone: Clone) -> None:
    clone.play("df", DF.format(kilobytes=20_480))
    (clone.folder / "fail-venv").touch()
    code, told = clone.setup()
    assert code == 1
    assert told.endswith(
        "no .venv could be made: the disk has 20 MB left, and 2000 are needed. Make room, and"
        " run the command again\n"
    )


def test_full_disk_ends_the_installation_at_once(clone: Clone) -> None:
    clone.play("df", DF.format(kilobytes=20_480))
    clone.play("uv", '#!/bin/sh\n[ "$1" = --version ] || { echo no space >&2; exit 2; }\n')
    code, told = clone.setup()
    assert code == 1
    assert "no space\nsetup: not everything could be installed: the disk has 20 MB left" in told
    assert not (clone.folder / "asked").exists()


def test_free_room_is_seen_without_awk(clone: Clone) -> None:
    clone.play("awk", "#!/bin/sh\nexit 127\n")
    clone.play("uv", "#!/bin/sh\nexit 2\n")
    code, told = clone.setup(PIP=NO_PIP)
    assert (code, "set HTTPS_PROXY or PIP_INDEX_URL" in told) == (1, True)


def test_no_python_at_all_is_told_as_none(clone: Clone) -> None:
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        clone.play(name, "#!/bin/sh\nexit 127\n")
    assert clone.setup() == (
        1,
        "setup: Python 3.11, 3.12 or 3.13 is needed, found none. Install one, or name it: make"
        " PYTHON=/path/to/python3.12 ...\n",
    )


def test_half_a_copy_of_the_requirements_is_no_installation(clone: Clone) -> None:
    clone.play("cp", '#!/bin/sh\ncase $1 in requirements*) : >"$2"; exit 1 ;; esac\nexec /bin/cp "$@"\n')
    assert clone.setup()[0] == 1
    assert not clone.is_complete()


@pytest.mark.parametrize("how", BREAK)
def test_venv_that_does_not_start_any_more_is_noticed_and_made_anew(clone: Clone, how: str) -> None:
    assert clone.setup()[0] == 0
    BREAK[how](clone.folder / ".venv" / "bin")
    assert clone.setup("works")[0] == 1
    code, told = clone.setup()
    assert code == 0
    assert "setup: the .venv does not start any more" in told
    assert clone.setup("works") == (0, "")


def test_make_makes_a_moved_venv_anew(clone: Clone) -> None:
    shutil.copy2(ROOT / "Makefile", clone.folder)
    assert clone.setup()[0] == 0
    options = {"cwd": clone.folder, "env": clone.env(), "capture_output": True, "text": True, "check": True}
    assert subprocess.run(["make", ".venv/installed.txt"], **options).stdout == ""
    BREAK["moved"](clone.folder / ".venv" / "bin")
    assert "making it anew" in subprocess.run(["make", ".venv/installed.txt"], **options).stdout


def test_scripts_that_may_not_be_executed_are_told_by_make(clone: Clone) -> None:
    shutil.copy2(ROOT / "Makefile", clone.folder)
    (clone.folder / "cli" / "setup").chmod(0o644)
    options = {"cwd": clone.folder, "env": clone.env(), "capture_output": True, "text": True, "check": False}
    done = subprocess.run(["make", "demo"], **options)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "noexec" in done.stderr
    assert "chmod +x cli/setup" in done.stderr


def test_reset_makes_a_venv_anew_where_there_are_data(clone: Clone) -> None:
    shutil.copy2(ROOT / "Makefile", clone.folder)
    (clone.folder / ".local").mkdir()
    shutil.copy2("/bin/true", clone.folder / "cli" / "stack")
    options = {"cwd": clone.folder, "env": clone.env(), "capture_output": True, "text": True, "check": False}
    done = subprocess.run(["make", "reset"], **options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "setup: installing" in done.stdout
    assert clone.is_complete()


def test_python_that_is_named_and_does_not_fit_is_told(clone: Clone) -> None:
    code, told = clone.setup(PYTHON="/no such/python")
    assert code == 0
    assert told.startswith("setup: PYTHON=/no such/python is no Python 3.11, 3.12 or 3.13; taking python3\n")


def test_spark_takes_a_python_that_its_packages_know(clone: Clone) -> None:
    """The stand-ins of Python 3.13 refuse what asks for 3.12 at most."""
    (clone.folder / "lakehouse" / "spark").mkdir(parents=True)
    (clone.folder / "lakehouse" / "spark" / "requirements.txt").write_text("Spark\n")
    newer = PYTHON.replace("case $* in\n", 'case $* in\n  *"(3, 12)"*) exit 1 ;;\n', 1)
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        clone.play(name, newer)
    code, told = clone.setup("spark")
    assert (code, "Python 3.11 or 3.12 is needed" in told) == (1, True)
    clone.play("python3.12", PYTHON.replace(".venv", ".venv-spark"))
    assert clone.setup("spark")[0] == 0
    assert (clone.folder / ".venv-spark" / "installed.txt").read_text() == "Spark\n"


def test_interrupt_is_one_line(clone: Clone) -> None:
    clone.play("uv", '#!/bin/sh\n[ "$1" = --version ] || { echo up; exec sleep 30; }\n')
    shown, code = interrupted(["cli/setup"], clone.folder, clone.env())
    assert code == 130
    assert shown == "^Csetup: interrupted; the next command starts the installation anew\r\n"
    assert not clone.is_complete()
