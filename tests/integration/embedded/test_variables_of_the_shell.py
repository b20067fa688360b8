"""libpq's variables in the caller's shell: servers and connections are the same without them."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from include import embedded
from include.environment import ROOT
from tests.integration.embedded.servers import new_home

FOREIGN = {
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-c search_path=x -c datestyle=German",
    "PGSSLMODE": "require",
    "PGSERVICE": "x",
    "PGTZ": "Asia/Tokyo",
    "PGDATESTYLE": "German",
    "PGHOST": "elsewhere.invalid",
    "PGHOSTADDR": "10.255.255.1",
    "PGPORT": "1",
    "PGCHANNELBINDING": "require",
    "PGREQUIREAUTH": "md5",
    "PGTARGETSESSIONATTRS": "standby",
    "PGSYSCONFDIR": "/nowhere",
    "PGDATA": "/nowhere",
}
# As `make` does it: the package of commands comes first.
START = """
import json, sys
from pathlib import Path
import cli
from cli.warehouse import connect
from include.embedded import databases

home = Path(sys.argv[1])
names = ["client_encoding", "search_path", "datestyle", "timezone", "intervalstyle", "bytea_output"]
found = {}
with databases(home, home.parent / ".env") as env, connect(env, "elt_loader") as connection:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"show {name}")
            found[name] = cursor.fetchone()[0]
        cursor.execute("select name, setting from pg_settings where source = 'environment variable'")
        found["of the environment"] = cursor.fetchall()
        cursor.execute("select octet_length('ç'), 'ç'")
        found["text"] = cursor.fetchone()
print(json.dumps(found))
"""
EXPECTED = {
    "client_encoding": "UTF8",
    "search_path": "public",
    "datestyle": "ISO, YMD",
    "timezone": "UTC",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "of the environment": [],
    "text": [2, "ç"],
}


@pytest.mark.parametrize("variables", [{}, FOREIGN], ids=["none", "foreign"])
def test_servers_and_connections_are_the_same(variables: dict[str, str]) -> None:
    home = new_home()
    try:
        done = subprocess.run(
            [sys.executable, "-c", START, str(home)],
            env={**os.environ, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == EXPECTED
    finally:
        embedded.reset(home)
        shutil.rmtree(home.parent)
