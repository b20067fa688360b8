"""What is inherited of the caller's shell, and how a command begins with it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.environment import ROOT, read_env
from include.inherited import inherited

OURS = {
    "PATH": "/bin",
    "HOME": "/home/ana",
    "LANG": "es_PE.UTF-8",
    "LC_TIME": "C",
    "TERM": "xterm",
    "NO_COLOR": "1",
    "TMPDIR": "/tmp",
    "REQUESTS_CA_BUNDLE": "/ca.pem",
    "PYTHON": "python3.12",
}
THEIRS = """
PGHOST PGSSLMODE AIRFLOW_HOME AIRFLOW__API__PORT AIRFLOW_CONN_CRM _AIRFLOW_PROCESS_CONTEXT DBT_TARGET
DBT_ENGINE_TARGET PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTHONDONTWRITEBYTECODE MONGO_HOST MONGODB_URI
LD_PRELOAD GUNICORN_CMD_ARGS UVICORN_PORT FORWARDED_ALLOW_IPS SQLALCHEMY_WARN_20 OTEL_SDK_DISABLED VIRTUAL_ENV
BASH_ENV ENV Q XDG_CONFIG_HOME AWS_PROFILE STATSD_HOST MAKEFLAGS MY_LC_NAME LCX
"""
# What Python itself obeyed, what of others it could import, and what is left in its environment.
BEGIN = """
import json, os, sys
from cli import LOCAL
print(json.dumps({
    "flags": [sys.flags.optimize, sys.flags.utf8_mode, bool(sys.warnoptions)],
    "modules": [name for name, found in sys.modules.items() if "/foreign/" in repr(found)],
    "environment": dict(os.environ),
    "arguments": sys.argv[1:],
}))
"""


def test_list_is_inherited_and_nothing_else() -> None:
    assert inherited(OURS | dict.fromkeys(THEIRS.split(), "x")) == OURS | {"PYTHONUTF8": "1"}


def test_files_are_utf8_whatever_the_shell_says() -> None:
    assert inherited({"PYTHONUTF8": "0"}) == {"PYTHONUTF8": "1"}


def test_settings_of_env_are_not_the_shells() -> None:
    settings = read_env(ROOT / ".env.example")
    assert inherited(settings) == {"PYTHONUTF8": "1"}


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost"),
        ({"NO_PROXY": ".example.com"}, ".example.com,127.0.0.1,localhost"),
        ({"no_proxy": "a", "NO_PROXY": "b"}, "a,127.0.0.1,localhost"),
        ({"no_proxy": "*"}, "*"),
        ({"no_proxy": "127.0.0.1,localhost"}, "127.0.0.1,localhost"),
    ],
)
def test_proxy_is_inherited_and_not_for_this_machine(
    name: str, theirs: dict[str, str], expected: str
) -> None:
    found = inherited({name: "http://proxy.example.com:3128", **theirs})
    assert found[name] == "http://proxy.example.com:3128"
    assert (found["no_proxy"], found["NO_PROXY"]) == (expected, expected)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose only command says how its process began; beside it, modules of somebody else."""
    (tmp_path / "include").symlink_to(ROOT / "include")
    (tmp_path / "cli").mkdir()
    (tmp_path / "cli" / "__init__.py").symlink_to(ROOT / "cli" / "__init__.py")
    (tmp_path / "cli" / "__main__.py").write_text(BEGIN)
    (tmp_path / "foreign").mkdir()
    for name in ("sitecustomize", "dotenv", "psycopg2"):
        (tmp_path / "foreign" / f"{name}.py").write_text("")
    return tmp_path


def _begin(project: Path, *command: str, **theirs: str) -> dict[str, object]:
    env = {"PATH": os.environ["PATH"], "MY_NOTE": "x", "PGHOST": "x", **theirs}
    done = subprocess.run(
        [sys.executable, *command], cwd=project, env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_command_begins_with_what_it_inherits(project: Path) -> None:
    found = _begin(project, "-m", "cli", "one", "two words", AIRFLOW_HOME="/elsewhere", TERM="xterm")
    assert found["environment"].keys() - {"LC_CTYPE"} == {"PATH", "TERM", "PYTHONUTF8"}
    assert found["arguments"] == ["one", "two words"]


def test_command_begins_again_where_python_obeyed_other_variables(project: Path) -> None:
    theirs = {"PYTHONPATH": str(project / "foreign"), "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "ignore"}
    found = _begin(project, "-m", "cli", "one", "two words", PYTHONUTF8="0", **theirs)
    assert found["environment"].keys() - {"LC_CTYPE"} == {"PATH", "PYTHONUTF8"}
    assert (found["flags"], found["modules"]) == ([0, 1, False], [])
    assert found["arguments"] == ["one", "two words"]


def test_program_that_imports_a_command_keeps_its_environment(project: Path) -> None:
    found = _begin(project, "cli/__main__.py", PYTHONPATH=str(project), PYTHONWARNINGS="ignore")
    assert found["environment"]["MY_NOTE"] == "x"
    assert found["flags"][2]


def test_place_that_is_not_there_is_none(tmp_path: Path) -> None:
    named = {"TMPDIR": str(tmp_path / "gone"), "TMP": str(tmp_path), "TEMP": ""}
    assert inherited(named).keys() & named.keys() == {"TMP"}
