"""What asks a command to end: all of it interrupts the command, which then stops what it started."""

import signal
import subprocess
import sys

import pytest

from include.environment import ROOT

COMMAND = """
import time
from cli import end_cleanly_on_signals
end_cleanly_on_signals()
try:
    print("running", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

# A terminal that is closed sends the signal twice, by the kernel and by the shell, and takes no words.
STOP = """
import os, signal
from include.waiting import uninterrupted
os.close(2)
with uninterrupted():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    print("stopped all")
"""


def start(*before: str) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", COMMAND]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_terminal_that_is_closed_ends_a_command_as_a_person_does(number: signal.Signals) -> None:
    with start() as command:
        assert command.stdout.readline() == "running\n"
        command.send_signal(number)
        assert command.communicate(timeout=10) == ("stopped\n", "")


def test_command_under_nohup_outlives_its_terminal() -> None:
    with start("nohup") as command:
        assert command.stdout.readline() == "running\n"
        command.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            command.wait(0.5)
        command.send_signal(signal.SIGTERM)
        assert command.communicate(timeout=10)[0] == "stopped\n"


def test_what_stops_servers_goes_through_with_it_without_a_terminal() -> None:
    command = [sys.executable, "-c", STOP]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (0, "stopped all\n")
