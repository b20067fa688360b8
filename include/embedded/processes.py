"""Server processes that outlive the command that started them, each recorded in a PID file.

A PID file holds process id, start time, port and its own path: `4711 1725260400.12 54321 /srv/mongo.pid`.
"""

import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg2
import pymongo.errors

from include.embedded.remedies import remedy_for
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.libpq import is_away, is_wrong_login

log = logging.getLogger(__name__)

# A server that recovers from a crash on a slow disk takes minutes; one that has ended is found at once.
START_SECONDS = 180
STOP_SECONDS = 30
STOPPED = {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}
# What this process started and nobody has reaped yet, by process id.
_children: dict[int, subprocess.Popen] = {}
# How those ended that it has reaped: the exit code, or minus the signal.
_codes: dict[int, int] = {}


def spawn(
    command: list[object],
    log_file: Path,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path = Path("/"),
) -> subprocess.Popen:
    """Start a server in its own session, so that Ctrl-C in the terminal does not reach it.

    `env` is its whole environment; without one it has what a command inherits. `folder` is where it works.
    """
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            env=inherited() if env is None else env,
            cwd=folder,
            start_new_session=True,
        )
    _children[process.pid] = process
    return process


def wait_until(ready: Callable[[], object], process: subprocess.Popen, log_file: Path) -> None:
    """Call `ready` until it stops raising driver errors.

    Raises EmbeddedServerError when the process ends, for an error that does not pass, or after START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ready()
            return
        except (psycopg2.OperationalError, pymongo.errors.PyMongoError) as error:
            passes = _passes(error)
            code = process.poll() if passes else _code_soon(process)
            if code is not None or not passes or time.monotonic() > deadline:
                process.kill()
                raise EmbeddedServerError(_why(error, code, process, log_file)) from error
            time.sleep(0.05)


def wait_for_answer(
    answers: Callable[[], bool], process: subprocess.Popen, name: str, log_file: Path
) -> None:
    """Wait until a server answers.

    Raises EmbeddedServerError, with the end of its log, when it has ended, or after START_SECONDS.
    """
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedServerError(f"{name} did not start, see {log_file}. {end_of(log_file, 15)}")
        time.sleep(0.1)


def _passes(error: Exception) -> bool:
    """Tell whether a driver's error is one of a server that is not up yet."""
    if isinstance(error, psycopg2.OperationalError):
        return is_away(error)
    return isinstance(error, pymongo.errors.ConnectionFailure)


def _code_soon(process: subprocess.Popen) -> int | None:
    """Return the exit code of a server that is about to end: what answered may have been another program."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(1)


def _why(error: Exception, code: int | None, process: subprocess.Popen, log_file: Path) -> str:
    """Return what went wrong with a server that ended with the code, or runs (None), and what to do."""
    name = Path(process.args[0]).name
    if code is None and isinstance(error, psycopg2.OperationalError) and is_wrong_login(error):
        return f"{name} started, but nobody can log in: {error}. See what libpq reads besides: ~/.postgresql"
    # Why a server ended its log knows; the driver knows that nobody is there.
    said = error if code is None else f"it ended with exit code {code}"
    end = end_of(log_file, 15)
    return f"{name} did not start: {said}. {remedy_for(f'{said} {end}')} {end}"


def end_of(log_file: Path, lines: int) -> str:
    """Return the last lines of a log under a line that says where it is."""
    text = log_file.read_text(errors="replace") if log_file.exists() else ""
    return "\n".join([f"End of {log_file}:", *text.splitlines()[-lines:]])


def remember(pid_file: Path, process: subprocess.Popen, port: int) -> None:
    """Write the PID file of the process."""
    created = psutil.Process(process.pid).create_time()
    # At one blow: another command may look at the file at any moment.
    new = pid_file.with_suffix(".new")
    new.write_text(f"{process.pid} {created} {port} {pid_file.resolve()}\n")
    new.replace(pid_file)


def is_running(pid_file: Path) -> bool:
    """Tell whether the process that the file records still runs."""
    return _process(pid_file) is not None


def is_stopped(pid_file: Path) -> bool:
    """Tell whether a signal stopped the recorded process (SIGSTOP, a debugger): it waits to be continued."""
    with suppress(psutil.NoSuchProcess):
        process = _process(pid_file)
        return process is not None and process.status() in STOPPED
    return False


def port_of(pid_file: Path) -> int:
    """Return the port on which the recorded process listens."""
    return int(pid_file.read_text().split()[2])


def pid_of(pid_file: Path) -> int:
    """Return the id of the recorded process, which may have ended."""
    return int(pid_file.read_text().split()[0])


def stop_process(pid_file: Path, how: signal.Signals = signal.SIGTERM, *, knock: bool = False) -> None:
    """Send the recorded process the signal `how` and wait for its end; kill it after STOP_SECONDS.

    `knock`: connect to its port meanwhile, for a server that only sees the signal when a client connects.
    Raises EmbeddedServerError when the process is another user's.
    """
    if process := _process(pid_file):
        _send(process, how)
        # One that was stopped by a signal hears the other only when it goes on.
        _send(process, signal.SIGCONT)
        if not _ends(process, port_of(pid_file) if knock else None):
            log.warning("Process %d does not stop, killing it", process.pid)
            _send(process, signal.SIGKILL)
            if not _ends(process, None):
                log.warning("Process %d did not end; going on without it", process.pid)
    end_all(of_session(pid_file))
    pid_file.unlink(missing_ok=True)


def of_session(pid_file: Path) -> Iterator[psutil.Process]:
    """Yield what the recorded process started and left behind; none where it still runs.

    While one of them lives, the kernel gives the number of their leader to nobody else.
    """
    recorded = _recorded(pid_file)
    if recorded is None or not _is_dead(*recorded):
        return
    leader, created = recorded
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            # A session from before the machine started is not this one.
            if os.getsid(process.pid) == leader != process.pid and created > psutil.boot_time():
                yield process


def _is_dead(number: int, created: float) -> bool:
    """Tell whether the process is the one that began then, and has ended, but is not reaped."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(number)
        return abs(process.create_time() - created) < 1 and has_ended(process)
    return True


def working_in(folder: Path, name: str) -> Iterator[psutil.Process]:
    """Yield the processes of a program whose working directory is the folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == name and process.cwd() == str(folder.resolve()):
                yield process


def end_all(found: Iterable[psutil.Process]) -> None:
    """Kill processes that a server left behind, and wait until they have ended."""
    processes = list(found)
    for process in processes:
        _send(process, signal.SIGKILL)
    for process in processes:
        _ends(process, None)


def _send(process: psutil.Process, how: signal.Signals) -> None:
    try:
        process.send_signal(how)
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise EmbeddedServerError(f"Process {process.pid} is another user's: stop it as that user") from error


def _ends(process: psutil.Process, port: int | None) -> bool:
    """Tell whether the process ends within STOP_SECONDS; connect to the port, if given, until then."""
    deadline = time.monotonic() + STOP_SECONDS
    while not has_ended(process):
        if time.monotonic() > deadline:
            return False
        # Before it knocks: a client that comes at the moment of the signal may hold the server up.
        time.sleep(0.05)
        if port and not has_ended(process):
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    return True


def has_ended(process: psutil.Process) -> bool:
    """Tell whether the process is gone; one that only its parent has not reaped yet is."""
    _reap()
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _reap() -> None:
    """Take note of the ends of what this process started, so that none stays as a zombie."""
    for number, child in list(_children.items()):
        if (code := child.poll()) is not None:
            _codes[number] = code
            _children.pop(number, None)


def how_it_ended(pid_file: Path) -> str:
    """Return how the recorded process ended, in brackets; nothing where only its parent would know."""
    _reap()
    recorded = _recorded(pid_file)
    code = _codes.get(recorded[0]) if recorded else None
    if code is None:
        return ""
    return f" ({signal.Signals(-code).name})" if code < 0 else f" (exit code {code})"


def free_port() -> int:
    """Return a TCP port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _process(pid_file: Path) -> psutil.Process | None:
    """Return the recorded process if it still runs, else None.

    Another process may have the same id by now: its start time differs. In a copied folder the file records
    the server of the original folder: its path differs.
    """
    if (recorded := _recorded(pid_file)) is None:
        return None
    number, created = recorded
    try:
        process = psutil.Process(number)
        is_same = abs(process.create_time() - created) < 1
        return process if is_same and not has_ended(process) else None
    except psutil.NoSuchProcess:
        return None


def _recorded(pid_file: Path) -> tuple[int, float] | None:
    """Return id and start time of the recorded process; None for a file that is missing, broken or copied."""
    try:
        number, created, _, path = pid_file.read_text().strip().split(maxsplit=3)
        return (int(number), float(created)) if path == str(pid_file.resolve()) else None
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except PermissionError as error:
        raise EmbeddedServerError(f"{pid_file} is another user's: work as that user") from error
