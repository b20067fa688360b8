"""Connections to the warehouse for the commands, by role; and where the warehouse of this place is."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

import psycopg2.errors
from psycopg2.extensions import connection as Connection

from cli import LOCAL, CommandError
from cli.container import SECRETS, with_secrets
from include import libpq
from include.logins import find_login

NO_WAREHOUSE = "There is no warehouse yet: run `make demo` first."
OTHERS = "is another user's: work as that user, or take it back: sudo chown -R $(id -un) .local"
LOST = "The warehouse was lost meanwhile: is the command that runs it being stopped? Try again then."
OLD_WAREHOUSE = "This warehouse is of an older version: one run of the pipeline brings it up to date."


@contextmanager
def connect(env: Mapping[str, str], role: str) -> Iterator[Connection]:
    """Yield a connection to the warehouse as the role."""
    with closing(libpq.connect(**find_login("WAREHOUSE", role).parameters(env))) as connection:
        yield connection


@contextmanager
def warehouse(role: str) -> Iterator[Connection]:
    """Yield a connection to the warehouse of this place as the role. Raises CommandError as `this_place`."""
    with this_place() as env, connect(env, role) as connection:
        yield connection


@contextmanager
def this_place() -> Iterator[Mapping[str, str]]:
    """Yield the settings of this container, or of the embedded servers, which run for as long as the block.

    Raises CommandError where there is no warehouse yet, one of an older version, or one that is stopped.
    """
    try:
        if SECRETS.is_dir():
            yield with_secrets()
            return
        if not (LOCAL / "postgres" / "PG_VERSION").exists():
            raise CommandError(NO_WAREHOUSE)
        # Not at the top: the image has no embedded servers.
        from include.embedded import databases

        with databases(LOCAL) as env:
            yield env
    except PermissionError as error:
        raise CommandError(f"{error.filename} {OTHERS}") from error
    except psycopg2.errors.UndefinedTable as error:
        raise CommandError(NO_WAREHOUSE) from error
    except psycopg2.errors.UndefinedColumn as error:
        raise CommandError(OLD_WAREHOUSE) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        if not is_lost(error):
            raise
        # Beside the owner of the clone, which may be stopping its servers, or starting them again.
        raise CommandError(f"{str(error).strip()}\n{LOST}") from error


def is_lost(error: psycopg2.Error) -> bool:
    """Tell whether the connection or its server is gone, by the driver's own error."""
    is_drivers = type(error).__module__.startswith("psycopg2")
    return is_drivers and (error.pgcode or "08").startswith(("08", "57P")) and not libpq.is_wrong_login(error)
