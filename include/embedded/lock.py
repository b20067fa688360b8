"""One owner of a folder's data: a lock of the kernel, which ends with the process that holds it.

The file says who holds it: the command, its process id, and since when. The text of a file that nobody
holds means nothing.
"""

import errno
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from include.errors import EmbeddedServerError

NAME = "lock"
ATTEMPTS = 5
# How file systems say that they have no locks.
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


class InUseError(EmbeddedServerError):
    """Another command has the folder: the message says which, and the way out."""


@dataclass(frozen=True)
class Owner:
    """Who holds the lock of a folder: a command as people write it, and its process id."""

    command: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"`{self.command}` (pid {self.pid}, since {self.since})"


UNKNOWN = Owner("another command", 0, "just now")
# Folders that this process owns.
_owned: set[Path] = set()


@contextmanager
def owned(home: Path, command: str) -> Iterator[None]:
    """Own the folder during the block, as `command`; a missing folder is made.

    Raises InUseError, and EmbeddedServerError where the folder cannot be had at all.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise EmbeddedServerError(f"{home} must be a folder, or not be there at all.") from error
    except OSError as error:
        raise _why_not(home / NAME, error) from error
    file = _locked_soon(home / NAME)
    if file is None:
        owner = owner_of(home) or UNKNOWN
        by_number = f" or by `kill {owner.pid}`" if owner.pid else ""
        raise InUseError(
            f"This clone is in use by {owner}: stop that first, with Ctrl-C where it runs{by_number}."
            " Beside it work `make run`, while Airflow is up, and what only reads, as `make sql`."
        )
    try:
        since = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
        os.ftruncate(file, 0)
        os.write(file, json.dumps([command, os.getpid(), since]).encode())
        _owned.add(home.resolve())
        yield
    finally:
        _owned.discard(home.resolve())
        os.close(file)


def is_mine(home: Path) -> bool:
    """Tell whether this process owns the folder."""
    return home.resolve() in _owned


def this_command() -> str:
    """Return the command that this process is, as people write it."""
    program, *arguments = sys.argv
    is_ours = Path(program).parts[-2:] == ("cli", "__main__.py")
    return f"make {arguments[0]}" if is_ours and arguments else Path(program).name


def owner_of(home: Path) -> Owner | None:
    """Return who owns the folder now, None when nobody does."""
    if not (home / NAME).exists():
        return None
    file = _locked(home / NAME, fcntl.LOCK_SH | fcntl.LOCK_NB)
    if file is not None:
        os.close(file)
        return None
    for _ in range(ATTEMPTS):
        try:
            return Owner(*json.loads((home / NAME).read_text()))
        except (OSError, ValueError, TypeError):
            # Between its lock and its name.
            time.sleep(0.05)
    return UNKNOWN


@contextmanager
def held(path: Path, how: int) -> Iterator[None]:
    """Hold a lock during the block, of `how` fcntl.LOCK_EX or LOCK_SH, and wait for it first."""
    file = _locked(path, how)
    try:
        yield
    finally:
        os.close(file)


def _locked_soon(path: Path) -> int | None:
    """Return the file once this process has its lock alone; None when somebody keeps it."""
    for _ in range(ATTEMPTS):
        if (file := _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)) is not None:
            return file
        # Whoever only asks who the owner is has it for a moment.
        time.sleep(0.05)
    return None


def _locked(path: Path, how: int) -> int | None:
    """Return the open file once it is locked; None where that would need a wait and `how` has LOCK_NB.

    `make reset` deletes the file: a lock on one that has no name any more keeps nobody out.
    """
    while True:
        file = _opened(path)
        try:
            fcntl.flock(file, how)
            if os.fstat(file).st_ino == os.stat(path).st_ino:
                return file
        except BlockingIOError:
            os.close(file)
            return None
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(file)
            raise _why_not(path, error) from error
        os.close(file)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _why_not(path, error) from error


def _why_not(path: Path, error: OSError) -> EmbeddedServerError:
    """Return why there is no lock, and what to do."""
    if error.errno in NO_LOCKS:
        remedy = "its disk has no locks: put the clone on another, or make .local a link to a folder there"
    elif isinstance(error, PermissionError):
        remedy = "take it and its folder back with chown and chmod, or work as their owner"
    else:
        remedy = "the data are to be kept there"
    return EmbeddedServerError(f"{path} cannot be locked ({error.strerror}): {remedy}.")
