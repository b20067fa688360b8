"""`cli/stack` when something goes wrong: what it says, and that it ends. Docker is played here."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.environment import ROOT

# Answers with the first file of `answers` whose name is a word of what it is asked.
DOCKER = r"""#!/usr/bin/env bash
folder=$(dirname "$0")
echo "$*" >>"$folder/asked"
for answer in "$folder"/answers/*; do
  [[ -e $answer && " $* " == *" $(basename "$answer") "* ]] || continue
  . "$answer"
  exit
done
"""
UP = {
    "info": "echo 8000000000",
    "version": "echo 28.0",
    "config": """echo '  "name": "stack-test",'""",
    "run": (
        "echo AIRFLOW_PORT=1 AIRFLOW_UI_PASSWORD=x WAREHOUSE_HOST=x WAREHOUSE_PORT=2 WAREHOUSE_DB=x"
        " DASHBOARD_PORT=3"
    ),
}
# Ports that nobody has.
PORTS = {"AIRFLOW_PORT": "1", "WAREHOUSE_PORT": "2", "DASHBOARD_PORT": "3"}


class Stack:
    """A copy of the script with a Docker that answers as the test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "cli").mkdir()
        (folder / "bin" / "answers").mkdir(parents=True)
        for name in ("cli/stack", "cli/stack-trouble", "cli/doctor", "docker-compose.yml"):
            if (ROOT / name).exists():
                shutil.copy2(ROOT / name, folder / name)
        (folder / "bin" / "docker").write_text(DOCKER)
        (folder / "bin" / "docker").chmod(0o755)
        self.answer(**UP)
        self.processes: list[subprocess.Popen[str]] = []

    def answer(self, **answers: str) -> None:
        """Let Docker answer a command with what this shell text prints and does."""
        for command, text in answers.items():
            (self.folder / "bin" / "answers" / command).write_text(text + "\n")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self.folder / "cli" / "stack", *arguments],
            env={"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", **PORTS},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes.append(process)
        return process

    def call(self, *arguments: str) -> tuple[int, str]:
        """Return the exit code, and what was said."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    @property
    def asked(self) -> str:
        return (self.folder / "bin" / "asked").read_text()

    def wait_until_asked(self, text: str) -> None:
        deadline = time.monotonic() + 30
        while not (self.folder / "bin" / "asked").exists() or text not in self.asked:
            assert time.monotonic() < deadline, f"{text} was not asked"
            time.sleep(0.05)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    own = Stack(tmp_path)
    yield own
    for process in own.processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_build_that_fails_says_why_and_starts_nothing(stack: Stack) -> None:
    stack.answer(build="echo 'ERROR: failed to resolve docker.io/apache/airflow' >&2; exit 1")
    code, said = stack.call("up")
    assert code == 1
    assert "ERROR: failed to resolve docker.io/apache/airflow\nThe image could not be built" in said
    assert "network" in said
    assert "up --detach" not in stack.asked


@pytest.mark.parametrize(("profiles", "expected"), [("warehouse", "warehouse,tls"), ("", "")])
def test_tls_is_for_a_warehouse_in_the_stack_whose_certificate_is_read_again(
    stack: Stack, profiles: str, expected: str
) -> None:
    stack.answer(
        run=f"{UP['run']} WAREHOUSE_TLS=on; echo export COMPOSE_PROFILES={profiles}",
        up='[[ $* != *detach* ]] || echo "profiles: $COMPOSE_PROFILES."',
        exec="[[ $* != *ca.crt ]] || echo certificate",
    )
    code, said = stack.call("up")
    assert (code, f"profiles: {expected}." in said) == (0, True)
    handed_out = stack.folder / ".local" / "warehouse-ca.crt"
    assert handed_out.exists() == ("warehouse pg_ctl reload" in stack.asked) == bool(profiles)
    assert not profiles or handed_out.read_text() == "certificate\n"


def test_start_that_fails_names_the_service_and_the_end_of_its_log(stack: Stack) -> None:
    stack.answer(
        up="[[ $* == *detach* ]] && exit 1",
        ps="[[ $* == *unhealthy* ]] || printf 'one\\ntwo\\nthree\\n'",
        inspect="case $* in *one) echo 'airflow-db,running 0 healthy';;"
        " *two) echo 'warehouse,restarting 1 ';; *) echo 'airflow-apiserver,created 0 ';; esac",
        logs='echo "FATAL: could not write lock file: No space left on device"',
    )
    code, said = stack.call("up")
    assert code == 1
    assert "warehouse is not up (exit code 1). Its log ends:\n    FATAL: could not write lock file" in said
    assert "airflow-db is" not in said
    assert "airflow-apiserver is" not in said


def test_start_that_fails_before_a_container_is_there_says_so(stack: Stack) -> None:
    stack.answer(up="[[ $* == *detach* ]] && { echo 'Error: manifest unknown' >&2; exit 1; }")
    code, said = stack.call("up")
    assert code == 1
    assert "Error: manifest unknown\nDocker did not start the stack" in said


def test_container_that_is_unhealthy_gets_a_new_start(stack: Stack) -> None:
    stack.answer(ps="[[ $* == *health=unhealthy* ]] && echo sick")
    code, said = stack.call("up")
    assert code == 0, said
    asked = stack.asked.splitlines()
    assert "stop sick" in asked
    assert asked.index("stop sick") < next(n for n, line in enumerate(asked) if "up --detach" in line)


@pytest.mark.parametrize(
    ("setting", "requirements"),
    [
        ("", "requirements.txt"),
        ("POWER_BI_WORKSPACE_ID=\n", "requirements.txt"),
        ("POWER_BI_WORKSPACE_ID=''\n", "requirements.txt"),
        ("POWER_BI_WORKSPACE_ID=f089354e-8366-4e18-aea3-4cb4a3a50b48\n", "requirements-power-bi.txt"),
        ("POWER_BI_WORKSPACE_ID='f089354e-8366-4e18-aea3-4cb4a3a50b48'\n", "requirements-power-bi.txt"),
    ],
)
def test_image_has_the_provider_where_a_workspace_is_set(
    stack: Stack, setting: str, requirements: str
) -> None:
    (stack.folder / ".env").write_text(setting)
    code, said = stack.call("up")
    assert code == 0, said
    assert f"--build-arg REQUIREMENTS={requirements} .\n" in stack.asked


def test_second_up_waits_for_the_first_and_names_it(stack: Stack) -> None:
    stack.answer(build=f"until [[ -e {stack.folder}/go ]]; do sleep 0.05; done")
    first = stack.start("up")
    stack.wait_until_asked("build")
    second = stack.start("up")
    line = second.stdout.readline()
    assert re.fullmatch(
        rf"`make up` \(pid {first.pid}, since [-0-9]+ [:0-9]+\) is at work .* waiting .*\n", line
    )
    assert stack.asked.count("build --quiet") == 1
    (stack.folder / "go").touch()
    assert first.wait(30) == second.wait(30) == 0
    # Each builds two images.
    assert stack.asked.count("build --quiet") == 4


def test_down_does_not_wait_for_an_up_that_was_killed(stack: Stack) -> None:
    stack.answer(build="sleep 60")
    first = stack.start("up")
    stack.wait_until_asked("build")
    os.killpg(first.pid, signal.SIGKILL)
    code, said = stack.call("down")
    assert (code, said) == (0, "")
    # The lock is by the kernel, and what it says of its owner is that of now.
    assert "`make down`" in (stack.folder / ".local" / "stack").read_text()


@pytest.mark.parametrize(
    ("command", "service"),
    [("run", "airflow-scheduler"), ("reconcile", "airflow-scheduler"), ("sql", "warehouse")],
)
def test_service_that_does_not_run_is_named_with_the_way_out(
    stack: Stack, command: str, service: str
) -> None:
    code, said = stack.call(command, "select 1")
    assert (code, said.partition(" `make ps`")[0]) == (
        1,
        f"{service} is not running. `make up` starts it again;",
    )
    assert " exec " not in stack.asked


def test_status_lists_the_containers_and_then_asks_the_scheduler(stack: Stack) -> None:
    stack.answer(ps="echo warehouse Up", exec="echo the rest")
    assert stack.call("status") == (0, "warehouse Up\nthe rest\n")
    assert "python -m cli status" in stack.asked


def test_status_of_a_stack_whose_scheduler_is_down_is_no_failure(stack: Stack) -> None:
    stack.answer(ps="[[ $* == *running* ]] || echo airflow-scheduler Exited")
    code, said = stack.call("status")
    assert code == 0
    assert said.startswith("airflow-scheduler Exited\n")
    assert "`make up` starts it again" in said


def test_stack_whose_scheduler_has_died_is_still_the_place_to_run(stack: Stack) -> None:
    stack.answer(ps="[[ $* != *running* ]] && echo dead")
    assert stack.call("is-up", "airflow-scheduler") == (0, "")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running 0", "Docker has started it again, and the run goes on"),
        ("exited 137", "after `make up` the run goes on"),
    ],
)
def test_scheduler_that_ends_under_a_run_is_said(stack: Stack, state: str, words: str) -> None:
    stack.answer(ps="echo up", inspect=f"echo airflow-scheduler {state} now", exec="exit 137")
    code, said = stack.call("run")
    assert code == 137
    assert said.startswith("  airflow-scheduler ended, and with it this command")
    assert words in said


def test_interrupted_run_says_that_it_goes_on(stack: Stack) -> None:
    stack.answer(ps="echo up", exec="exit 130")
    code, said = stack.call("run")
    assert code == 130
    assert re.fullmatch(r"  Stopped following\. The run goes on: .*\n", said)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("running 0 later", "warehouse ended, and Docker has started it again: the run goes on."),
        ("exited 137 now", "warehouse ended (exit code 137) and stays away: `make up` starts it again"),
    ],
)
def test_container_that_ends_during_a_run_is_named(stack: Stack, state: str, words: str) -> None:
    dead = stack.folder / "dead"
    stack.answer(
        ps="echo up",
        inspect=f"if [[ -e {dead} ]]; then echo warehouse {state}; else echo warehouse running 0 now; fi",
        # The run ends after two looks at what lives and two at what has died.
        exec=f"looks() {{ until (( $(grep -c ^inspect $folder/asked) >= $1 )); do sleep 0.1; done; }}\n"
        f"looks 2; touch {dead}; looks 5",
    )
    code, said = stack.call("run")
    assert code == 0
    assert said.count("warehouse ended") == 1
    assert words in said


# The pages that the container makes, and how it hands them over.
EXPORT = """case $* in
  *" tar "*) mkdir -p made/static; echo new >made/index.html; echo >made/publication.json
    tar -C made -c . {how} ;;
esac
"""


@pytest.fixture
def export(stack: Stack) -> Path:
    """The folder of an earlier export, with a page that is no more."""
    stack.answer(ps="echo up", exec=EXPORT.format(how=""))
    folder = stack.folder / "my export"
    folder.mkdir()
    (folder / "publication.json").write_text("{}")
    (folder / "old.html").write_text("old")
    return folder


def test_export_replaces_an_earlier_one(stack: Stack, export: Path) -> None:
    code, said = stack.call("export", f"{export}/")
    assert (code, said) == (0, f"{export}/index.html, 1 MB\n")
    assert {path.name for path in export.iterdir()} == {"index.html", "publication.json", "static"}
    # Others may look, as at what tar takes out of a folder for all.
    assert export.stat().st_mode & 0o777 == (stack.folder / "made").stat().st_mode & 0o777


@pytest.mark.parametrize(
    "answer", ["exit 1", EXPORT.format(how="| head -c 2048; exit 1")], ids=["made", "sent"]
)
def test_export_that_fails_leaves_the_earlier_one(stack: Stack, export: Path, answer: str) -> None:
    stack.answer(exec=answer)
    assert stack.call("export", str(export))[0] == 1
    assert {path.name for path in export.iterdir()} == {"publication.json", "old.html"}
    assert not list(stack.folder.glob("my export.*"))


def test_export_does_not_replace_other_files(stack: Stack, export: Path) -> None:
    (export / "publication.json").unlink()
    code, said = stack.call("export", str(export))
    assert (code, said) == (
        1,
        f"{export} holds other files, which an export would replace: name another, OUT=…\n",
    )
    assert [path.name for path in export.iterdir()] == ["old.html"]
    assert " exec " not in stack.asked


def test_reset_without_docker_says_what_stays(stack: Stack) -> None:
    stack.answer(info="exit 1")
    code, said = stack.call("reset")
    assert code == 0
    assert said.startswith("Docker does not answer: what a stack of this clone keeps there stays")
