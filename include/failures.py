"""What a task says when it fails: in one sentence what happened and where, and whether another try can help.

Data flow: an error of a driver -> is it in the list of what passes? -> TransientError or UnexpectedError,
with at most 500 characters of the driver's words, and never a row, a document or a password.
"""

import errno
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, TypeVar

import psycopg2
import pymongo.errors
from bson.errors import BSONError
from psycopg2 import errors as postgres

from include.errors import (
    DataQualityError,
    GuardError,
    InputError,
    NotPublishedError,
    StarInUseError,
    StreamBehindError,
    TransientError,
    UnexpectedError,
)
from include.rules.texts import clipped

Parameters, Result = ParamSpec("Parameters"), TypeVar("Result")

# What passes by itself: the server, or somebody else's work on it. Everything that is not here fails at once.
TRANSIENT: tuple[type[Exception], ...] = (
    TransientError,
    StarInUseError,
    # The connection is lost, or was closed because it is.
    psycopg2.InterfaceError,
    postgres.ConnectionException,
    postgres.ConnectionDoesNotExist,
    postgres.ConnectionFailure,
    postgres.SqlclientUnableToEstablishSqlconnection,
    postgres.SqlserverRejectedEstablishmentOfSqlconnection,
    postgres.AdminShutdown,
    postgres.CrashShutdown,
    postgres.CannotConnectNow,
    postgres.IdleSessionTimeout,
    # Other work was in the way: deadlock, serialization, a replica's conflict, a lock, a limit of time.
    postgres.TransactionRollback,
    postgres.DeadlockDetected,
    postgres.SerializationFailure,
    postgres.LockNotAvailable,
    postgres.ObjectInUse,
    postgres.QueryCanceled,
    # The machine is short of something that others give back.
    postgres.InsufficientResources,
    postgres.TooManyConnections,
    postgres.DiskFull,
    postgres.OutOfMemory,
    postgres.SystemError,
    postgres.IoError,
    # AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError, WaitQueueTimeoutError, NotPrimaryError.
    pymongo.errors.ConnectionFailure,
    pymongo.errors.ExecutionTimeout,
    pymongo.errors.CursorNotFound,
    pymongo.errors.WTimeoutError,
    # A connection of Python's own; files are excepted below.
    OSError,
)
# OSErrors that are about a file.
ABOUT_FILES = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)
# Others about a file, by their numbers: nothing mends a path, or a disk that is only read.
FOR_GOOD = {errno.ENAMETOOLONG, errno.ELOOP, errno.EROFS}
# Without a code of the server they mean that the connection is lost. Subclasses say more.
EXACTLY = (psycopg2.OperationalError, psycopg2.DatabaseError)
# MongoDB's codes of a server that steps down, stops, or could not wait: other errors share their class.
TRANSIENT_CODES = {6, 7, 89, 91, 112, 134, 175, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}
TRANSIENT_LABELS = ("TransientTransactionError", "RetryableWriteError", "RetryableError")
# Errors whose message is a sentence for people already.
OURS = (
    *(InputError, GuardError, DataQualityError, NotPublishedError, StreamBehindError),
    *(TransientError, UnexpectedError),
)

# The first class that fits -> what happened, and what to do.
SENTENCES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (
        (postgres.CharacterNotInRepertoire, postgres.UntranslatableCharacter, UnicodeError),
        "a text or a name cannot be converted between the encodings of source and warehouse; mend it there",
    ),
    (
        postgres.ProgramLimitExceeded,
        "a value or a table is larger than PostgreSQL can keep; mend the source, or `leave` the columns in"
        " include/sources.yml",
    ),
    (postgres.InsufficientPrivilege, "the login lacks a right; `make check-sources` says which of a source"),
    (psycopg2.IntegrityError, "a row breaks a constraint of its table; mend the row or the constraint"),
    (psycopg2.DataError, "a value does not fit its column; mend the value or the column"),
    (psycopg2.ProgrammingError, "PostgreSQL does not know or does not take what was asked of it"),
    (psycopg2.OperationalError, "PostgreSQL cannot do what was asked of it, in its present state"),
    (psycopg2.Error, "PostgreSQL failed"),
    (BSONError, "a document cannot be written or read as BSON; mend it in the collection or the file"),
    (
        (pymongo.errors.WriteError, pymongo.errors.BulkWriteError),
        "MongoDB refused to write documents; mend them in the file, or what the collection asks of them",
    ),
    (pymongo.errors.OperationFailure, "MongoDB refused what was asked of it"),
    (pymongo.errors.PyMongoError, "MongoDB's driver cannot do what was asked of it"),
    (OSError, "a file or folder cannot be used; see that it is there, and may be read and written"),
    (MemoryError, "the memory is used up; give the task more"),
    (Exception, "this is an error of the program; its log has the lines of code"),
)
CLEAR = "When that is mended, clear the task"
# Where in a COPY the server was; what follows is the value, or the row.
COPY_PLACE = re.compile(r"^COPY [^,]+, line \d+(, column [^:]+)?", re.MULTILINE)


def is_transient(error: BaseException) -> bool:
    """Tell whether another try can help: the error is one of those that are listed."""
    if type(error) in EXACTLY:
        return error.pgcode is None or type(error) is psycopg2.OperationalError
    if isinstance(error, pymongo.errors.PyMongoError) and _is_transient_in_mongo(error):
        return True
    if isinstance(error, (InputError, *ABOUT_FILES)) or getattr(error, "errno", None) in FOR_GOOD:
        return False
    return isinstance(error, TRANSIENT)


def explained(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the task, whose errors are sentences that name the task, and its table if it has one."""

    @wraps(function)
    def call(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        try:
            return function(*arguments, **named)
        except OURS:
            raise
        except Exception as error:
            # What an orchestrator raises tells it something.
            if type(error).__module__.startswith("airflow."):
                raise
            place = " ".join([function.__name__, *([str(named["table"])] if "table" in named else [])])
            # The driver's own message may hold a row; where it was raised is kept.
            raise explain(error, place).with_traceback(error.__traceback__) from None

    return call


def explain(error: Exception, place: str) -> TransientError | UnexpectedError:
    """Return the error as one of the platform's, whose message says what happened at the place."""
    said = f"{type(error).__name__}: {driver_words(error)}"
    if is_transient(error):
        return TransientError(f"{place}: a server was away or busy, and the task is tried again. {said}")
    sentence = next(sentence for kind, sentence in SENTENCES if isinstance(error, kind))
    return UnexpectedError(f"{place}: {sentence}. {CLEAR}. {said}")


def driver_words(error: Exception) -> str:
    """Return what the driver says, 500 characters at most, without the row or document that it is about."""
    return clipped(" ".join(" ".join(_words(error)).split()))


def _words(error: Exception) -> Iterator[str]:
    if isinstance(error, psycopg2.Error) and error.diag.message_primary:
        # Not the detail, which has the row.
        yield error.diag.message_primary
        names = ("schema", "table", "column", "constraint")
        found = {name: getattr(error.diag, f"{name}_name") for name in names}
        yield from (f"({name} {value})" for name, value in found.items() if value)
        if place := COPY_PLACE.search(error.diag.context or ""):
            yield f"({place[0]})"
    elif isinstance(error, pymongo.errors.BulkWriteError):
        # Its own message has the documents.
        yield from (f"{found.get('errmsg')} (code {found.get('code')})" for found in _write_errors(error)[:1])
    elif isinstance(error, pymongo.errors.OperationFailure):
        yield f"{(error.details or {}).get('errmsg') or error} (code {error.code})"
    else:
        yield str(error)


def _write_errors(error: pymongo.errors.BulkWriteError) -> list[dict]:
    """Return what the server says of each document, or of the write as a whole."""
    details = error.details or {}
    return [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]


def _is_transient_in_mongo(error: pymongo.errors.PyMongoError) -> bool:
    if any(error.has_error_label(label) for label in TRANSIENT_LABELS):
        return True
    if isinstance(error, pymongo.errors.BulkWriteError):
        codes = {found.get("code") for found in _write_errors(error)}
        return bool(codes) and codes <= TRANSIENT_CODES
    return isinstance(error, pymongo.errors.OperationFailure) and error.code in TRANSIENT_CODES
