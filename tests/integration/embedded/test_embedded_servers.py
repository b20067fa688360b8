"""The embedded servers: started on demand, found again, stopped cleanly, and back after whatever happened."""

import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg2
import pytest
from pymongo.errors import OperationFailure

from include import embedded
from include.embedded import EmbeddedServerError, mongo, postgres
from include.embedded.processes import is_running, spawn, wait_until
from include.environment import read_env
from include.libpq import connect
from tests.integration.embedded.servers import (
    SERVERS,
    alive,
    catalogue,
    kill,
    new_home,
    note,
    notes,
    pid,
    pids,
    ports,
    source,
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder whose servers hold one note; they may run or not."""
    folder = new_home()
    try:
        env = embedded.start(folder, folder.parent / ".env")
        note(env, "first")
        yield folder
    finally:
        embedded.reset(folder)
        shutil.rmtree(folder.parent)


@pytest.fixture
def env_file(home: Path) -> Path:
    return home.parent / ".env"


@pytest.fixture
def running(home: Path, env_file: Path) -> dict[str, str]:
    """The settings of the servers, which run."""
    return embedded.start(home, env_file)


def set_variables(env_file: Path, **values: str) -> None:
    text = env_file.read_text()
    for name, value in values.items():
        text, changed = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert changed == 1
    env_file.write_text(text)


def test_start_makes_a_private_settings_file_with_secrets(running, env_file):
    assert env_file.stat().st_mode & 0o777 == 0o600
    secrets = {name: value for name, value in read_env(env_file).items() if name.endswith("_PASSWORD")}
    assert len(set(secrets.values())) == len(secrets) >= 8
    assert all(secrets.values())
    assert {running[name] for name in ("SOURCE_HOST", "WAREHOUSE_HOST", "MONGO_HOST")} == {"127.0.0.1"}


def test_start_again_uses_the_servers_that_run(home, running, env_file):
    before = pids(home)
    assert embedded.start(home, env_file) == running
    assert pids(home) == before
    assert notes(running)[0] == notes(running)[1]
    assert "first" in notes(running)[0]


def test_servers_listen_on_loopback_only(home, running):
    for server, port in zip(SERVERS, ports(running), strict=True):
        listening = [
            c.laddr for c in psutil.Process(pid(home, server)).net_connections() if c.status == "LISTEN"
        ]
        assert [(address.ip, str(address.port)) for address in listening] == [("127.0.0.1", port)]


def test_stop_ends_both_and_forgets_them(home, running):
    before = pids(home)
    embedded.stop(home)
    assert not any(alive(number) for number in before.values())
    assert [path.name for path in home.glob("*.pid")] == []
    assert not any(is_running(home / f"{server}.pid") for server in SERVERS)
    for port in ports(running):
        with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
            connect(host="127.0.0.1", port=port, user="app", password="x", dbname="x")
    # Nothing runs: that is fine too.
    embedded.stop(home)


def test_stop_does_not_wait_for_idle_clients(home, running):
    with source(running) as idle, catalogue(running) as other, idle.cursor() as cursor:
        cursor.execute("select 1")
        other[running["MONGO_DB"]].notes.find_one()
        embedded.stop(home)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select 1")


def test_data_survive_a_restart(home, running, env_file):
    note(running, "before the restart")
    before, notes_before = pids(home), notes(running)
    embedded.stop(home)
    env = embedded.start(home, env_file)
    assert notes(env) == notes_before
    assert "before the restart" in notes_before[0]
    assert not set(pids(home).values()) & set(before.values())


def test_killed_servers_start_again_with_their_data(home, running, env_file):
    note(running, "before the kill")
    notes_before = notes(running)
    for number in pids(home).values():
        kill(number)
    env = embedded.start(home, env_file)
    assert notes(env) == notes_before
    assert "before the kill" in notes_before[1]


def test_one_killed_server_comes_back_beside_the_other(home, running, env_file):
    before = pids(home)
    kill(before["mongo"])
    env = embedded.start(home, env_file)
    after = pids(home)
    assert after["postgres"] == before["postgres"]
    assert after["mongo"] != before["mongo"]
    assert notes(env)[0] == notes(env)[1]


def test_number_that_went_to_another_process_is_not_ours(home, running, env_file):
    embedded.stop(home)
    # This very process: the number is alive, but it began at another time.
    for server in SERVERS:
        (home / f"{server}.pid").write_text(f"{os.getpid()} 1.0 5432 {home / server}.pid\n")
    assert not is_running(home / "postgres.pid")
    embedded.stop(home)
    assert notes(embedded.start(home, env_file))[0]


def test_server_of_the_folder_that_this_one_was_copied_from_is_not_ours(home, running, tmp_path):
    for server in SERVERS:
        shutil.copy(home / f"{server}.pid", tmp_path)
    assert is_running(home / "postgres.pid")
    assert not is_running(tmp_path / "postgres.pid")
    embedded.stop(tmp_path)
    assert is_running(home / "postgres.pid")


@pytest.mark.parametrize("text", ["", "nonsense\n", "999999999 1.0 5432 /there\n"])
def test_unreadable_pid_file_is_as_good_as_none(tmp_path, text):
    (tmp_path / "postgres.pid").write_text(text)
    assert not is_running(tmp_path / "postgres.pid")
    embedded.stop(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_context_stops_what_it_started_only(home, running, env_file):
    with embedded.databases(home, env_file) as env:
        assert ports(env) == ports(running)
    assert is_running(home / "postgres.pid")
    assert is_running(home / "mongo.pid")
    embedded.stop(home)
    with ExitStack() as run:
        assert notes(run.enter_context(embedded.databases(home, env_file)))[0]
        assert is_running(home / "mongo.pid")
    assert not is_running(home / "postgres.pid")
    assert not is_running(home / "mongo.pid")


def test_changed_passwords_of_roles_hold_from_the_next_start(home, running, env_file):
    embedded.stop(home)
    set_variables(env_file, SOURCE_APP_PASSWORD="it's new $1", MONGO_APP_PASSWORD="new-too")
    env = embedded.start(home, env_file)
    assert env["SOURCE_APP_PASSWORD"] == "it's new $1"
    assert notes(env)[0] == notes(env)[1] != []
    with (
        pytest.raises(psycopg2.OperationalError, match="password authentication failed"),
        source(env, running["SOURCE_APP_PASSWORD"]),
    ):
        pass
    with catalogue(env, running["MONGO_APP_PASSWORD"]) as client, pytest.raises(OperationFailure):
        client[env["MONGO_DB"]].notes.find_one()


def test_lost_settings_file_is_made_anew_and_the_data_stay(home, running, env_file):
    notes_before = notes(running)
    embedded.stop(home)
    env_file.unlink()
    env = embedded.start(home, env_file)
    assert env["POSTGRES_PASSWORD"] != running["POSTGRES_PASSWORD"]
    assert env["MONGO_ROOT_PASSWORD"] != running["MONGO_ROOT_PASSWORD"]
    assert notes(env) == notes_before
    assert notes_before[0]


def test_start_that_broke_off_before_the_first_user_is_known_is_completed(home, running, env_file):
    embedded.stop(home)
    (home / "mongo" / ".root-made").unlink()
    assert notes(embedded.start(home, env_file))[1]


def test_second_folder_has_servers_of_its_own(home, running):
    other = new_home()
    try:
        env = embedded.start(other, other.parent / ".env")
        assert not set(ports(env)) & set(ports(running))
        assert not set(pids(other).values()) & set(pids(home).values())
        note(env, "of the second")
        assert notes(env) == (["of the second"], ["of the second"])
        assert "of the second" not in notes(running)[0]
        second = pids(other)
        embedded.reset(other)
        assert not other.exists()
        assert not any(alive(number) for number in second.values())
        assert notes(running)[0]
    finally:
        embedded.reset(other)
        shutil.rmtree(other.parent)


def make_broken_postgres(home: Path) -> None:
    # It claims to be a server's folder, so it is not filled, but there is no server in it.
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("18\n")
    (home / "postgres").chmod(0o700)


def make_broken_mongo(home: Path) -> None:
    (home / "mongo").mkdir(parents=True)
    (home / "mongo" / ".root-made").touch()
    for name in ("WiredTiger", "WiredTiger.wt", "WiredTiger.turtle"):
        (home / "mongo" / name).write_bytes(b"not a database\n" * 1000)


@pytest.mark.parametrize(
    ("server", "spoil", "end_of_log"),
    [(postgres, make_broken_postgres, "postgresql.conf"), (mongo, make_broken_mongo, "WiredTiger")],
    ids=SERVERS,
)
def test_broken_data_are_named_with_the_end_of_the_log(home, env_file, server, spoil, end_of_log):
    broken = new_home()
    spoil(broken)
    try:
        with pytest.raises(EmbeddedServerError, match="did not start") as failed:
            server.start(broken, read_env(env_file))
        message, _, log = str(failed.value).partition("End of ")
        assert "`make reset` starts without them" in message
        assert log.startswith(str(broken))
        assert end_of_log in log
        assert not any(broken.glob("*.pid")) or not is_running(next(broken.glob("*.pid")))
    finally:
        embedded.reset(broken)
        shutil.rmtree(broken.parent)


def test_server_that_never_answers_is_given_up_and_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("include.embedded.processes.START_SECONDS", 0.3)
    log = tmp_path / "server.log"
    process = spawn(["sh", "-c", "echo busy doing nothing; exec sleep 60"], log)

    def never():
        raise psycopg2.OperationalError("connection refused")

    with pytest.raises(
        EmbeddedServerError, match=r"sh did not start: connection refused.*\nbusy doing nothing"
    ):
        wait_until(never, process, log)
    assert process.wait(5) == -signal.SIGKILL


def test_server_that_takes_no_login_is_given_up_at_once(tmp_path):
    process = spawn(["sleep", "60"], tmp_path / "server.log")

    def refuse():
        raise psycopg2.OperationalError("server does not support SSL, but SSL was required")

    with pytest.raises(EmbeddedServerError, match="sleep started, but nobody can log in: server does not"):
        wait_until(refuse, process, tmp_path / "server.log")
    assert process.wait(5) == -signal.SIGKILL
