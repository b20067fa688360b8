"""What Airflow's components get from us and from the shell that starts them."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cli import airflow
from cli.airflow import BIN, AirflowError, components, environment
from include import embedded
from include.embedded.processes import remember, spawn
from include.embedded.watch import Part
from include.environment import ROOT, connections
from tests.unit.conftest import Stub

HEALTHY = {part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "dag_processor")}


def test_shell_of_the_caller_changes_nothing(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = environment(tmp_path, env, 8181)
    foreign = {
        "AIRFLOW_HOME": "/elsewhere",
        "AIRFLOW__API__PORT": "8080",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW_CONN_WAREHOUSE": "postgres://other",
        "DBT_PASSWORD": "other",
        "DBT_PROFILES_DIR": "/elsewhere",
        "PYTHONPATH": "/elsewhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "0",
        "PYTHONWARNINGS": "error",
        "PYTHONOPTIMIZE": "2",
        "GENERATE_USERS": "999999",
        "PIPELINE_SCHEDULE": "@hourly",
        "DATA_ROOT": "/elsewhere",
        "PGCLIENTENCODING": "LATIN1",
        "PGSERVICE": "elsewhere",
        "PGHOSTADDR": "10.0.0.1",
    }
    for name, value in foreign.items():
        monkeypatch.setenv(name, value)
    after = environment(tmp_path, env, 8181)
    assert {name for name in before if before[name] != after[name]} <= {
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT",
    }
    assert after.keys() == before.keys()
    assert {"AIRFLOW__CORE__EXECUTOR", "DBT_PROFILES_DIR", "PYTHONDONTWRITEBYTECODE"}.isdisjoint(after)


def test_list_of_the_shell_is_inherited_and_nothing_else(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "es_PE.UTF-8")
    monkeypatch.setenv("MY_AIRFLOW_NOTE", "lost")
    made = environment(tmp_path, env, 8181)
    assert (made["LANG"], made.get("MY_AIRFLOW_NOTE")) == ("es_PE.UTF-8", None)
    assert made["PATH"] == f"{BIN}{os.pathsep}{os.environ['PATH']}"
    assert made["PYTHONPATH"] == str(ROOT)


def test_components_find_one_another_on_loopback_only(env: dict[str, str], tmp_path: Path) -> None:
    made = environment(tmp_path, env, 8181)
    assert (made["AIRFLOW__API__HOST"], made["AIRFLOW__API__PORT"]) == ("127.0.0.1", "8181")
    assert made["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8181"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8181/execution/"
    for name in ("WORKER", "TRIGGER"):
        # Airflow's own ports, 8793 and 8794, may be those of another copy.
        assert int(made[f"AIRFLOW__LOGGING__{name}_LOG_SERVER_PORT"]) > 10_000


def test_tasks_get_connections_and_settings_and_a_place_to_write(env: dict[str, str], tmp_path: Path) -> None:
    made = environment(
        tmp_path, env | {"GENERATE_USERS": "12", "MAX_DELETED_SHARE": "1", "AIRFLOW_PORT": "1"}, 8181
    )
    assert made.items() >= connections(env).items()
    assert (made["GENERATE_USERS"], made["MAX_DELETED_SHARE"]) == ("12", "1")
    assert made["AIRFLOW_HOME"] == str(tmp_path / "airflow")
    assert made["DBT_PYTHON"] == sys.executable
    assert made["DBT_TARGET_PATH"].startswith(str(tmp_path))
    assert made["DBT_LOG_PATH"].startswith(str(tmp_path))
    assert Path(made["AIRFLOW__CORE__DAGS_FOLDER"], "video_streaming_elt_pipeline.py").is_file()
    assert made["RUN_DEADLINE_MINUTES"] == "120"
    assert (made["LAKE"], made["LAKE_ENGINE"]) == ("", "sail")
    assert (made["KAFKA_BOOTSTRAP_SERVERS"], made["STREAM_MAX_LAG"]) == ("", "100000")
    # Only people trigger a demo.
    assert made["PIPELINE_SCHEDULE"] == ""


def test_passwords_that_no_task_needs_are_not_handed_on(env: dict[str, str], tmp_path: Path) -> None:
    handed_on = " ".join(environment(tmp_path, env, 8181).values())
    assert env["ELT_LOADER_PASSWORD"] in handed_on
    names = ("POSTGRES_PASSWORD", "MONGO_ROOT_PASSWORD", "AIRFLOW_UI_PASSWORD", "STREAM_LOADER_PASSWORD")
    assert [name for name in names if env[name] in handed_on] == []


def test_component_that_stops_is_named_with_its_log(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow, "_migrate", lambda *_: None)
    # In place of Airflow, a program that ends at once.
    stand_in = tmp_path / "bin"
    stand_in.mkdir()
    (stand_in / "airflow").write_text("#!/bin/sh\nsleep 0.2\necho gone\n")
    (stand_in / "airflow").chmod(0o755)
    monkeypatch.setattr(airflow, "BIN", stand_in)
    with pytest.raises(AirflowError) as caught, components(tmp_path, env, 1):
        pytest.fail("it is not healthy")
    stopped = [name for name in airflow.COMPONENTS if f"Airflow's {name} stopped, see " in str(caught.value)]
    assert len(stopped) == 1
    assert f"Airflow's {stopped[0]} stopped (exit code 0). End of " in str(caught.value)
    assert "\ngone\n" in str(caught.value)
    log = Path(str(caught.value).rpartition("see ")[2])
    assert (log, log.read_text()) == (tmp_path / "airflow" / f"{stopped[0]}.log", "gone\n")
    assert list((tmp_path / "airflow").glob("*.pid")) == []
    passwords = tmp_path / "airflow" / "passwords.json"
    assert json.loads(passwords.read_text()) == {"admin": env["AIRFLOW_UI_PASSWORD"]}
    assert passwords.stat().st_mode & 0o777 == 0o600


def test_migration_that_fails_is_told_with_the_end_of_its_log(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "airflow").write_text("#!/bin/sh\necho 'password authentication failed'\nexit 1\n")
    (tmp_path / "airflow").chmod(0o755)
    monkeypatch.setattr(airflow, "BIN", tmp_path)
    with pytest.raises(AirflowError) as caught, components(tmp_path / "home", env, 1):
        pytest.fail("it is not migrated")
    log = tmp_path / "home" / "airflow" / "migrate.log"
    assert str(caught.value) == (
        f"End of {log}:\npassword authentication failed\n`airflow db migrate` failed, see {log}"
    )


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [
        (HEALTHY | {"triggerer": {"status": None}}, True),
        (HEALTHY | {"scheduler": {"status": "unhealthy"}}, False),
        (HEALTHY | {"dag_processor": {"status": None}}, False),
        ((503, "starting"), False),
        ({"title": "another program"}, False),
        ([], False),
    ],
)
def test_airflow_is_up_when_all_its_parts_are(stub: Stub, answer: object, healthy: bool) -> None:
    stub.answers["GET", "/api/v2/monitor/health"] = answer
    assert airflow._is_healthy(stub.url) is healthy


PROGRAM = """#!/bin/sh
trap 'sleep 0.5; echo $1 >>{log}; exit' TERM
while :; do sleep 0.1; done
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The log of a program in place of Airflow: it runs until it is asked to end, and that takes a while."""
    log = tmp_path / "ended"
    program = tmp_path / "bin" / "airflow"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(log=log))
    program.chmod(0o755)
    monkeypatch.setattr(airflow, "BIN", program.parent)
    monkeypatch.setattr(airflow, "_is_healthy", lambda _: True)
    monkeypatch.setattr(embedded, "parts", lambda *_: [])
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield log
    signal.signal(signal.SIGINT, before)
    airflow.stop(tmp_path)


def command_lines() -> list[str]:
    """Return the command lines of all processes."""
    return [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]


def interrupt_in(seconds: float) -> None:
    threading.Timer(seconds, os.kill, [os.getpid(), signal.SIGINT]).start()


def test_second_interrupt_leaves_nothing_behind(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Path
) -> None:
    monkeypatch.setattr(airflow, "_migrate", lambda *_: None)
    interrupt_in(1)
    interrupt_in(1.3)
    with pytest.raises(KeyboardInterrupt), components(tmp_path, env, 1):
        time.sleep(60)
    # The handler of the command is back.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # The api-server is killed, and says nothing.
    assert stand_in.read_text().split() == ["scheduler", "dag-processor"]
    assert not [line for line in command_lines() if str(airflow.BIN) in line]
    assert list((tmp_path / "airflow").glob("*.pid")) == []


def test_interrupted_migration_is_stopped_with_the_rest(
    env: dict[str, str], tmp_path: Path, stand_in: Path
) -> None:
    interrupt_in(1)
    with pytest.raises(KeyboardInterrupt), components(tmp_path, env, 1):
        pytest.fail("it is not migrated")
    assert stand_in.read_text() == "db\n"
    assert {path.name for path in (tmp_path / "airflow").iterdir()} == {"migrate.log", "passwords.json"}


def test_database_that_dies_ends_the_migration(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stand_in: Path
) -> None:
    database = Part("PostgreSQL", tmp_path / "postgres.pid", tmp_path / "postgres.log", None)
    monkeypatch.setattr(embedded, "parts", lambda *_: [database])
    process = spawn(["sh", "-c", "echo recovering; exec sleep 600"], database.log_file)
    remember(database.pid_file, process, 1)
    threading.Timer(1, process.kill).start()
    began = time.monotonic()
    with pytest.raises(AirflowError) as caught, components(tmp_path, env, 1):
        pytest.fail("it is not migrated")
    assert time.monotonic() - began < 5
    assert str(caught.value) == (
        f"PostgreSQL stopped (SIGKILL). End of {database.log_file}:\nrecovering\n{airflow.REMEDY}\n"
        f"PostgreSQL stopped, see {database.log_file}"
    )
