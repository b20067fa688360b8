"""What takes long is made once for all workers of a test run; each worker takes a copy of a star.

Data flow: the first worker that asks builds the star and dumps its database -> each worker restores it.
"""

import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path

from include.embedded import postgres
from include.embedded.lock import held
from include.inherited import inherited
from include.libpq import VARIABLES
from tests.conftest import Platform, new_platform

# Sources are not copied: nothing is loaded from them any more.
SOURCES = ("SOURCE_DB", "AIRFLOW_DB")


def made_once(path: Path, make: Callable[[Path], None]) -> Path:
    """Return the path of what `make` has written, in this worker or in another one."""
    with held(path.with_suffix(".lock"), fcntl.LOCK_EX):
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            make(unfinished)
            unfinished.rename(path)
    return path


def copied_star(servers: dict[str, str], dump: Path, build: Callable[[Platform, Path], None]) -> Platform:
    """Return databases of this worker, with the warehouse that `build` makes."""

    def make(path: Path) -> None:
        original = new_platform(servers)
        build(original, dump.with_suffix(".build"))
        _run("pg_dump", original.env, "--format=custom", "--compress=gzip:1", f"--file={path}")
        original.close()

    return _restored(servers, made_once(dump, make))


def _restored(servers: dict[str, str], dump: Path) -> Platform:
    env = {name: value for name, value in servers.items() if name not in SOURCES}
    env |= {"WAREHOUSE_DB": f"copy_of_{dump.stem}"}
    postgres.create_databases(env, int(env["WAREHOUSE_PORT"]))
    # Its schemas are replaced by those of the dump.
    options = ("--clean", "--if-exists", "--exit-on-error", f"--dbname={env['WAREHOUSE_DB']}")
    _run("pg_restore", env, *options, str(dump))
    copy = Platform(env)
    copy.query("admin", "analyze")
    return copy


def _run(tool: str, env: dict[str, str], *options: str) -> None:
    """Run a tool of PostgreSQL on the warehouse as its administrator."""
    login = {
        "PGHOST": env["WAREHOUSE_HOST"],
        "PGPORT": env["WAREHOUSE_PORT"],
        "PGDATABASE": env["WAREHOUSE_DB"],
        "PGUSER": "postgres",
        "PGPASSWORD": env["POSTGRES_PASSWORD"],
    }
    command, said = [postgres.BIN / tool, *options], {**inherited(), **VARIABLES, **login}
    done = subprocess.run(command, env=said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
