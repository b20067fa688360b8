"""A .env that cannot be read, or not be meant: told with its line, before anything is written or started."""

import os
from pathlib import Path

import pytest

from include.environment import ROOT, ensure_env, read_env
from include.errors import InputError
from tests.unit.conftest import NOBODY

SECRET = "s3cret-of-somebody"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def refusal(path: Path) -> str:
    """Return what is said of the file, which is neither completed nor given other rights."""
    before = path.read_bytes() if path.is_file() else None
    messages = set()
    for take in (ensure_env, read_env):
        with pytest.raises(InputError) as caught:
            take(path)
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert before == (path.read_bytes() if path.is_file() else None)
    assert [entry.name for entry in path.parent.iterdir()] == [".env"]
    assert SECRET not in "".join(messages)
    return messages.pop()


@pytest.mark.parametrize(
    ("written", "begins", "remedy"),
    [
        ("SOURCES=played\n# für".encode("latin-1"), ".env:2: a character is not UTF-8", "iconv -f LATIN1"),
        ("SOURCES=played\n".encode("utf-16"), ".env:1: the file is UTF-16", "iconv -f UTF-16 -t UTF-8 .env"),
        ("A=1\nB=2\n".encode("utf-16-le"), ".env:1: there is a NUL byte", "Write it anew"),
        (b"A=1\nB=\0\n", ".env:2: there is a NUL byte", "Write it anew"),
    ],
    ids=["Latin-1", "UTF-16", "UTF-16 without a mark", "NUL"],
)
def test_file_that_is_not_utf_8_is_told_with_its_line(
    path: Path, written: bytes, begins: str, remedy: str
) -> None:
    path.write_bytes(written)
    message = refusal(path)
    assert message.startswith(begins)
    assert remedy in message


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        ('A=1\n\nGENERATE_SESSIONS="20000\n', ".env:3: this is not NAME=value. A value with blanks"),
        (f"A=1\nAPP_PASSWORD='{SECRET}\n", ".env:2: this is not NAME=value"),
        (f"\n\nAPP_PASSWORD='{SECRET}' more\n", ".env:3: this is not NAME=value"),
        (f"# x\n{SECRET} of mine\n", ".env:2: this is not NAME=value"),
        (f"{SECRET}\n", ".env:1: the name before = must be letters, digits and _"),
        ("A=1\nMY-NAME=2\n", ".env:2: the name before = must be letters, digits and _"),
        ('A=1\nB="2\nAPP_PASSWORD=x\nC="\n', ".env:2: the quote that opens here takes in line 3"),
        ('A=1\nB=2"\n', ".env:2: the value of B ends with a quote that nothing opens"),
        ("A=1\nB=\nA=2\n", ".env:3: A has another value here than in line 1. Delete one"),
        (f"A_KEY={SECRET}\nA_KEY=2\n", ".env:2: A_KEY has another value here than in line 1. Delete one"),
    ],
)
def test_line_that_cannot_be_read_stops_and_is_named(path: Path, written: str, begins: str) -> None:
    path.write_text(written)
    assert refusal(path).startswith(begins)


@pytest.mark.parametrize(
    ("name", "value", "noun"),
    [
        ("AIRFLOW_PORT", "80a", "a port, a whole number from 1 to 65535"),
        ("AIRFLOW_PORT", "", "a port, a whole number from 1 to 65535"),
        ("AIRFLOW_PORT", "0", "a port, a whole number from 1 to 65535"),
        ("DASHBOARD_PORT", "85O1", "a port, a whole number from 1 to 65535"),
        ("WAREHOUSE_PORT", "65536", "a port, a whole number from 1 to 65535"),
        ("SOURCE_PORT", "5_432", "a port, a whole number from 1 to 65535"),
        ("MONGO_PORT", "-1", "a port, a whole number from 1 to 65535"),
        ("GENERATE_SESSIONS", "2M", "a whole number from 1 up"),
        ("GENERATE_USERS", "0", "a whole number from 1 up"),
        ("GENERATE_SEED", "x", "a whole number from 0 up"),
        ("GENERATE_DEFECTS", "nan", "a number from 0 to 1"),
        ("MAX_DELETED_SHARE", "50", "a number from 0 to 1"),
        ("RUN_DEADLINE_MINUTES", "1h", "a whole number from 1 up"),
        ("LAKE_ENGINE", "flink", "sail or spark"),
        ("LAKE_KEPT_DAYS", "a month", "a whole number from 1 up"),
        ("STREAM_MAX_LAG", "-1", "a whole number from 0 up"),
        ("STREAM_MAX_DELAY_SECONDS", "600", "a whole number from 660 up"),
        ("WAREHOUSE_TLS", "true", "on or off"),
        ("POD_CPU_HEAVY", "two", "a quantity of Kubernetes, as 250m or 2Gi"),
        ("POD_MEMORY_HEAVY", "2 GB", "a quantity of Kubernetes, as 250m or 2Gi"),
        ("WAREHOUSE_TLS_NAME", "10.0.0.5", "a machine's name, as warehouse.example.com"),
        ("WAREHOUSE_TLS_NAME", "a,DNS:b", "a machine's name, as warehouse.example.com"),
        ("SOURCES", "exsting", "played or existing"),
        ("POWER_BI_WORKSPACE_ID", "Sales", "an id as f089354e-8366-4e18-aea3-4cb4a3a50b48"),
        ("POWER_BI_SEMANTIC_MODEL_ID", "https://x/y", "an id as f089354e-8366-4e18-aea3-4cb4a3a50b48"),
    ],
)
def test_value_that_would_stop_something_later_stops_now(
    path: Path, name: str, value: str, noun: str
) -> None:
    path.write_text(f"# mine\n{name}={value}\n")
    message = f".env:2: {name}={value!r} is not {noun}. Mend it in .env and start again"
    assert refusal(path) == message


@pytest.mark.parametrize(
    "value", [f'{{"password": "{SECRET}"', f"postgresql://a:[{SECRET}@h/d", f"h:5432 {SECRET}"]
)
def test_connection_that_is_neither_uri_nor_json_is_told_without_it(path: Path, value: str) -> None:
    path.write_text(f"AIRFLOW_CONN_CRM='{value}'\n")
    assert refusal(path).startswith(".env:1: AIRFLOW_CONN_CRM is neither a URI")


def test_what_is_right_is_taken(path: Path) -> None:
    path.write_text(
        "\ufeff# BOM\nAPP_PASSWORD=it's\"\nA_CONFIG='{\n  \"a\": 1}'\nA=1\nA=1\nAIRFLOW_CONN_M=mongodb://h:1,g:2/d\n"
        "GENERATE_USERS=\nSOURCES=\nWAREHOUSE_TLS=\nWAREHOUSE_TLS_NAME=db-1.example.com\n",
        encoding="utf-8",
    )
    found = read_env(path)
    assert (found["APP_PASSWORD"], found["A_CONFIG"], found["A"]) == ("it's\"", '{\n  "a": 1}', "1")
    assert ensure_env(path).items() >= found.items()


def test_folder_is_no_file(path: Path) -> None:
    path.mkdir()
    assert refusal(path).startswith(".env is no file but a folder or a device")


def test_pipe_is_no_file_and_nobody_waits_for_it(path: Path) -> None:
    os.mkfifo(path)
    assert refusal(path).startswith(".env is no file but a folder or a device")


def test_link_to_nothing_stays_and_is_told(path: Path) -> None:
    path.symlink_to("elsewhere")
    assert refusal(path).startswith(".env is a link to elsewhere, which is not there")
    assert path.is_symlink()


def test_link_to_a_file_stays_one(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("GENERATE_USERS=7\n")
    path.symlink_to(kept)
    assert ensure_env(path)["GENERATE_USERS"] == "7"
    assert path.is_symlink()
    assert "ELT_LOADER_PASSWORD" in kept.read_text()


def test_file_that_is_not_readable_is_told(path: Path, as_nobody: None) -> None:
    path.write_text("A=1\n")
    path.chmod(0)
    with pytest.raises(
        InputError, match=r"^\.env cannot be read \(Permission denied\): .* chmod u\+rw \.env"
    ):
        read_env(path)


def test_file_of_another_user_is_told_with_both(path: Path, as_nobody: None) -> None:
    if os.geteuid() == os.getuid():
        pytest.skip("only root can make a file that is another user's")
    os.seteuid(0)
    path.write_text("A=1\n")
    path.chmod(0o600)
    os.seteuid(NOBODY)
    with pytest.raises(InputError, match=r"it belongs to root: .* sudo chown nobody \.env$"):
        read_env(path)


def test_folder_that_takes_no_file_is_told(path: Path, as_nobody: None) -> None:
    path.parent.chmod(0o500)
    with pytest.raises(InputError, match=r"^\.env cannot be written, .*\(Permission denied\)"):
        ensure_env(path)


def test_example_in_git_is_right() -> None:
    assert read_env(ROOT / ".env.example")["SOURCES"] == "played"
