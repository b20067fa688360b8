"""The two servers of a folder: their processes, ports and logins, and a text that is left on both."""

import tempfile
from contextlib import closing
from pathlib import Path

import psutil
from psycopg2.extensions import connection as Connection
from pymongo import MongoClient, WriteConcern

from include.libpq import connect

SERVERS = ("postgres", "mongo")


def pid(home: Path, server: str) -> int:
    return int((home / f"{server}.pid").read_text().split()[0])


def pids(home: Path) -> dict[str, int]:
    return {server: pid(home, server) for server in SERVERS}


def alive(number: int) -> bool:
    return psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE


def kill(number: int) -> None:
    process = psutil.Process(number)
    process.kill()
    process.wait(5)


def ports(env: dict[str, str]) -> tuple[str, str]:
    return env["SOURCE_PORT"], env["MONGO_PORT"]


def source(env: dict[str, str], password: str | None = None) -> closing[Connection]:
    return closing(
        connect(
            host=env["SOURCE_HOST"],
            port=env["SOURCE_PORT"],
            dbname=env["SOURCE_DB"],
            user="app",
            password=password or env["SOURCE_APP_PASSWORD"],
        )
    )


def catalogue(env: dict[str, str], password: str | None = None) -> MongoClient:
    return MongoClient(
        env["MONGO_HOST"],
        int(env["MONGO_PORT"]),
        username="app",
        password=password or env["MONGO_APP_PASSWORD"],
        authSource=env["MONGO_DB"],
        directConnection=True,
        serverSelectionTimeoutMS=2_000,
    )


def note(env: dict[str, str], text: str) -> None:
    """Leave a text on both servers."""
    with source(env) as connection, connection, connection.cursor() as cursor:
        cursor.execute("create table if not exists notes (note text)")
        cursor.execute("insert into notes values (%s)", (text,))
    # As PostgreSQL does, MongoDB then answers when it is on disk.
    on_disk = WriteConcern(j=True)
    with catalogue(env) as client:
        client[env["MONGO_DB"]].get_collection("notes", write_concern=on_disk).insert_one({"note": text})


def notes(env: dict[str, str]) -> tuple[list[str], list[str]]:
    """Return the texts of PostgreSQL and of MongoDB."""
    with source(env) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select note from notes order by note")
        in_postgres = [row[0] for row in cursor.fetchall()]
    with catalogue(env) as client:
        return in_postgres, sorted(found["note"] for found in client[env["MONGO_DB"]].notes.find())


def new_home() -> Path:
    # Not below pytest's own folder, which is closed to others: run by root, PostgreSQL is somebody else.
    return Path(tempfile.mkdtemp(prefix="streaming-embedded-")) / "not yet there"
