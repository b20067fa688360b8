"""How a command tells what went wrong: what people wrote, in their words, and what to do about it."""

import errno
import os
import sys

import psycopg2.errors
import typer

# What people write for make, of what the command line calls otherwise.
VARIABLES = {
    "as_of": "AS_OF",
    "data_dir": "DATA_DIR",
    "first": "FROM",
    "last": "TO",
    "reason": "REASON",
    "metric": "M",
    "port": "PORT",
    "query": "Q",
    "role": "AS",
    "source": "SOURCE",
}
# The Makefile sets it: who wrote variables wants to read of them, and of no options.
BY_MAKE = "ASKED_BY_MAKE"
# Ends a command that was interrupted, as shells have it.
INTERRUPTED = 130
NO_MORE = (
    "There are too few processes or too little memory for this user: see `ulimit -u` and `ulimit -v`, end"
    " what is not needed, and start the command again."
)
REMEDIES = {
    errno.EAGAIN: NO_MORE,
    errno.ENOMEM: NO_MORE,
    errno.ENOSPC: "The disk is full: make room, and start the command again.",
    errno.EDQUOT: "Your share of the disk is full: make room, and start the command again.",
    errno.EROFS: "The disk may only be read: take a clone on another one.",
    errno.EACCES: "This user may not do that: it belongs to another, perhaps to root of an earlier command.",
    errno.EPERM: "This user may not do that: it belongs to another, perhaps to root of an earlier command.",
    errno.EMFILE: "Too many files are open: `ulimit -n 4096`, and start the command again.",
}
# How Python says that there is no room for another thread.
NO_THREAD = "can't start new thread"
NO_RUN = "Before the first run nobody has these rights: `make demo`, or `make run`, gives them."
WRONG_PASSWORD = "password authentication failed"
NEW_PASSWORD = (
    "A password in .env was changed while its server ran: end what runs here, as `make ui`, with Ctrl-C, and"
    " start again. In Docker: docs/operations.md, Change a password."
)


def refused(error: typer.BadParameter) -> typer.BadParameter | str:
    """Return the error of an argument with the name of its variable; for who asked by make, a sentence."""
    name = VARIABLES.get(error.param.name or "") if error.param else None
    if name is None:
        return error
    message = (
        error.message.removeprefix("Value error, ")
        or f"is missing: make {error.ctx.info_name if error.ctx else ''} {name}=..."
    )
    sentence = message if message.startswith(name) else f"{name}: {message}"
    if os.environ.get(BY_MAKE):
        return sentence
    error.message = sentence if error.message else error.message
    return error


def sentence(error: Exception) -> str | None:
    """Return what to tell of an error that is the platform's own, a server's or the machine's, else None."""
    if type(error).__module__.partition(".")[0] in {"cli", "include"}:
        return str(error)
    if isinstance(error, psycopg2.Error):
        words = str(error).strip()
        if isinstance(error, psycopg2.errors.InsufficientPrivilege):
            words += f"\n{NO_RUN}"
        return f"{words}\n{NEW_PASSWORD}" if WRONG_PASSWORD in words else words or None
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and NO_THREAD in str(error)):
        return NO_MORE
    if isinstance(error, OSError) and error.errno in REMEDIES:
        about = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{about}. {REMEDIES[error.errno]}"
    return None


def open_standard_streams() -> None:
    """Give input, output and errors a place where the caller has closed them: no file is to take theirs."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
