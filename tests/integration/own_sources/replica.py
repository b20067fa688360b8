"""A PostgreSQL server and its streaming replica, small and for tests only."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection

from include.embedded import postgres, processes
from include.libpq import without_variables
from tests.integration.helpers.connections import autocommit

DATABASE = "shop"
# No waiting for readers, no commits of the server's own.
REPLICA = "max_standby_streaming_delay = 0\nmax_standby_archive_delay = 0\nhot_standby_feedback = off\n"


@dataclass
class Replicated:
    """The two servers: `change` writes to the primary, `see` asks the replica."""

    home: Path
    env: dict[str, str]
    primary_port: int
    replica_port: int

    def change(self, sql: str) -> None:
        _run(self.connect(self.primary_port), sql)

    def see(self, sql: str) -> object:
        """Return the first value of the first row of a query."""
        return _run(self.connect(self.replica_port), sql)

    def connect(self, port: int) -> Connection:
        return autocommit(postgres.connect_as_admin(self.env, port, DATABASE))

    def catch_up(self) -> None:
        """Wait until the replica has replayed all that the primary has written."""
        written = _run(self.connect(self.primary_port), "select pg_current_wal_flush_lsn()")
        self.wait_for(f"select pg_last_wal_replay_lsn() >= '{written}'")

    def wait_for(self, sql: str) -> None:
        deadline = time.monotonic() + 20
        while not self.see(sql):
            assert time.monotonic() < deadline, f"not so in time: {sql}"
            time.sleep(0.02)

    def restart_replica(self) -> None:
        """Restart the replica so that it has nothing to replay."""
        self.change("checkpoint")
        self.catch_up()
        self.see("checkpoint")
        processes.stop_process(self.home / "replica.pid", signal.SIGINT)
        self.replica_port = _start(self.home, "replica", self.env)


def stop(home: Path) -> None:
    """Stop what runs of the two servers, and delete their data."""
    for name in ("replica", "primary"):
        processes.stop_process(home / f"{name}.pid", signal.SIGQUIT)
    shutil.rmtree(home, ignore_errors=True)


def start(home: Path) -> Replicated:
    """Start a primary with a database, and a replica of it."""
    env = {"POSTGRES_PASSWORD": "admin", "SOURCE_DB": DATABASE}
    env |= {"SOURCE_APP_PASSWORD": "app", "SOURCE_READER_PASSWORD": "reader"}
    port = _start(home, "primary", env)
    postgres.create_databases(env, port)
    _copy(home, port, env)
    made = Replicated(home, env, port, _start(home, "replica", env))
    made.change("alter system set autovacuum = off")
    made.change("select pg_reload_conf()")
    return made


def _start(home: Path, name: str, env: dict[str, str]) -> int:
    folder = home / name
    folder.mkdir(parents=True, exist_ok=True)
    return postgres._start_server(folder, home / f"{name}.pid", env)


def _copy(home: Path, port: int, env: dict[str, str]) -> None:
    """Make the replica's folder from the primary, with the setting that lets it follow."""
    data = home / "replica" / "postgres"
    data.parent.mkdir()
    user = postgres._system_user(data)
    data.chmod(0o700)
    command = [postgres.BIN / "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
    command += ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    password = {**without_variables(os.environ), "PGPASSWORD": env["POSTGRES_PASSWORD"]}
    subprocess.run(command, env=password, user=user, cwd="/", check=True)
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(REPLICA)


def _run(connection: Connection, sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        value = cursor.fetchone()[0] if cursor.description else None
    connection.close()
    return value
