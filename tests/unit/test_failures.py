"""What is tried again, and what a task says: a place, a sentence, and few of the driver's words."""

import errno
from types import SimpleNamespace

import psycopg2
import pymongo.errors
import pytest
from bson.errors import InvalidBSON
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2 import errors as postgres

from include.errors import (
    DataQualityError,
    GuardError,
    InputError,
    PublicationError,
    SchemaDriftError,
    StarInUseError,
    TransientError,
    UnexpectedError,
)
from include.failures import driver_words, explain, explained, is_transient

DOCUMENT = {"_id": 1, "title": "a document that nobody is to see", "rest": "x" * 10_000}
STEPPED_DOWN = pymongo.errors.OperationFailure("not primary", 10107, {"errmsg": "not primary"})
LABELLED = pymongo.errors.OperationFailure("busy", 8000, {"errorLabels": ["TransientTransactionError"]})


def bulk_write(code: int) -> pymongo.errors.BulkWriteError:
    said = {"index": 0, "code": code, "errmsg": "Document failed validation", "op": DOCUMENT}
    return pymongo.errors.BulkWriteError({"writeErrors": [said], "nInserted": 0})


PASSES = [
    psycopg2.OperationalError("server closed the connection unexpectedly"),
    psycopg2.DatabaseError("SSL SYSCALL error: EOF detected"),
    psycopg2.InterfaceError("connection already closed"),
    postgres.AdminShutdown(),
    postgres.CannotConnectNow(),
    postgres.ConnectionFailure(),
    postgres.SerializationFailure(),
    postgres.DeadlockDetected(),
    postgres.LockNotAvailable(),
    postgres.QueryCanceled(),
    postgres.TooManyConnections(),
    postgres.DiskFull(),
    postgres.OutOfMemory(),
    pymongo.errors.AutoReconnect(),
    pymongo.errors.ConnectionFailure(),
    pymongo.errors.NetworkTimeout(),
    pymongo.errors.ServerSelectionTimeoutError(),
    pymongo.errors.NotPrimaryError("stepped down"),
    pymongo.errors.CursorNotFound("gone"),
    pymongo.errors.ExecutionTimeout("too slow"),
    STEPPED_DOWN,
    LABELLED,
    bulk_write(11600),
    ConnectionResetError(),
    BrokenPipeError(),
    TimeoutError(),
    OSError("away"),
    TransientError("away"),
    StarInUseError("a reader"),
]
STAYS = [
    postgres.ProgramLimitExceeded(),
    postgres.TooManyColumns(),
    postgres.AmbiguousColumn(),
    postgres.SyntaxError(),
    postgres.UndefinedTable(),
    postgres.InsufficientPrivilege(),
    postgres.UniqueViolation(),
    postgres.CharacterNotInRepertoire(),
    postgres.UntranslatableCharacter(),
    postgres.NumericValueOutOfRange(),
    postgres.ObjectNotInPrerequisiteState(),
    postgres.InvalidPassword(),
    postgres.InvalidAuthorizationSpecification(),
    postgres.InternalError_(),
    pymongo.errors.OperationFailure("not authorized", 13),
    pymongo.errors.DuplicateKeyError("E11000", 11000),
    pymongo.errors.DocumentTooLarge("17 MB"),
    pymongo.errors.InvalidDocument("no"),
    pymongo.errors.ConfigurationError("no"),
    bulk_write(52),
    InvalidBSON("year 10000 is out of range"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    FileNotFoundError("users.csv"),
    OSError(errno.ENAMETOOLONG, "File name too long"),
    OSError(errno.EROFS, "Read-only file system"),
    PermissionError("users.csv"),
    ValueError("no"),
    KeyError("title"),
    MemoryError(),
    RecursionError(),
    InputError("mend it"),
    GuardError("allow it"),
    DataQualityError("look"),
    SchemaDriftError("restore it"),
    PublicationError("build it"),
    UnexpectedError("told already"),
]


@pytest.mark.parametrize("error", PASSES, ids=lambda error: type(error).__name__)
def test_what_passes_by_itself_is_tried_again(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize("error", STAYS, ids=lambda error: type(error).__name__)
def test_everything_else_fails_at_once(error: Exception) -> None:
    assert not is_transient(error)


@pytest.mark.parametrize("error", [*PASSES, *STAYS], ids=lambda error: type(error).__name__)
def test_every_error_of_a_task_is_a_sentence_with_its_place(error: Exception) -> None:
    @explained
    def load_table(table: str, **_: object) -> None:
        raise error

    with pytest.raises(Exception) as raised:  # noqa: PT011
        load_table(table="users", run_id="x")
    found = raised.value
    if type(error).__module__ == "include.errors":
        assert found is error
        return
    assert type(found) is (TransientError if is_transient(error) else UnexpectedError)
    assert str(found).startswith("load_table users: ")
    assert f". {type(error).__name__}: " in str(found)
    # Airflow's log prints what an error came from, with all its words.
    assert (found.__cause__, found.__suppress_context__) == (None, True)
    assert [frame.name for frame in raised.traceback][-1] == "load_table"


def test_arguments_and_results_are_the_functions() -> None:
    @explained
    def double(number: int) -> int:
        """Say it twice."""
        return 2 * number

    assert (double(2), double.__name__, double.__doc__) == (4, "double", "Say it twice.")


def test_what_the_orchestrator_raises_is_left_to_it() -> None:
    class Skip(Exception):
        __module__ = "airflow.sdk.exceptions"

    @explained
    def task() -> None:
        raise Skip

    with pytest.raises(Skip):
        task()


def test_no_document_is_told() -> None:
    said = str(explain(bulk_write(52), "load_json_to_mongodb"))
    assert "Document failed validation (code 52)" in said
    assert "nobody is to see" not in said
    assert len(said) < 500


def test_no_row_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failure(postgres.CheckViolation):
        diag = SimpleNamespace(
            message_primary='new row for relation "users" violates check constraint "users_age"',
            message_detail="Failing row contains (U1, secret).",
            context='COPY users, line 7, column age: "secret"',
            schema_name="public",
            table_name="users",
            column_name=None,
            constraint_name="users_age",
        )

    said = str(explain(Failure("Failing row contains (U1, secret)."), "load_csvs_to_postgres"))
    assert "secret" not in said
    for word in ("breaks a constraint", "users_age", "(table users)", "(COPY users, line 7, column age)"):
        assert word in said


@settings(max_examples=100, deadline=None, derandomize=True)
@given(words=st.text(max_size=3_000), kind=st.sampled_from([ValueError, psycopg2.OperationalError, OSError]))
def test_words_of_a_driver_are_few_and_one_line(words: str, kind: type[Exception]) -> None:
    said = driver_words(kind(words))
    assert len(said) <= 500
    assert "\n" not in said
    assert "\0" not in said
