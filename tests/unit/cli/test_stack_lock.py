"""Which command a second one on the Compose stack waits for."""

import shutil
import subprocess

import pytest

from include.environment import ROOT

OLDER = "`make down` (pid 4194305, since 2026-11-27 10:00:00)"
HOLD = """
exec 9<docker-compose.yml; . cli/stack-trouble; lock; echo held
sleep 0.5; echo "\\`make up\\` (pid $$, since now)" >.local/stack; sleep 1
"""


@pytest.fixture
def stack(tmp_path):
    for folder in ("cli", ".local"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "cli" / "stack-trouble", tmp_path / "cli")
    (tmp_path / "docker-compose.yml").touch()
    (tmp_path / ".local" / "stack").write_text(OLDER)
    return tmp_path


def test_the_one_that_waits_names_the_command_at_work_not_an_older_one(stack):
    with subprocess.Popen(["bash", "-c", HOLD], cwd=stack, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        waiter = ["bash", "-euo", "pipefail", "-c", ". cli/stack-trouble; exclusively 'make reset'"]
        said = subprocess.run(waiter, cwd=stack, check=True, capture_output=True, text=True).stderr
    assert (
        said
        == f"`make up` (pid {holder.pid}, since now) is at work on this stack: waiting until it has ended\n"
    )
    assert "`make reset` (pid " in (stack / ".local" / "stack").read_text()
