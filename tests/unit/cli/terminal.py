"""A command in a terminal, where somebody presses Ctrl-C."""

import os
import pty
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

UP = b"up\r\n"


def interrupted(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[str, int]:
    """Press Ctrl-C once the command has printed `up`.

    Return what the terminal shows from then on, and the exit code, which is minus the number for a signal.
    """
    number, terminal = pty.fork()
    if number == 0:
        os.chdir(folder)
        os.execve(shutil.which(command[0]) or command[0], command, env)
    shown = _read(terminal)
    while UP not in shown and (more := _read(terminal)):
        shown += more
    time.sleep(0.1)
    os.write(terminal, b"\x03")
    while more := _read(terminal):
        shown += more
    os.close(terminal)
    _, status = os.waitpid(number, 0)
    return shown.partition(UP)[2].decode(), os.waitstatus_to_exitcode(status)


def _read(terminal: int) -> bytes:
    """Return what is shown next, nothing once the command has ended."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
