"""The settings as a shell takes them over."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import env as module


def test_shell_gets_every_value_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"A_PASSWORD": """p@ss:/ $HOME `id` it's "x" #1 \\n %s !""", "EMPTY": "", "TWO": "a\nb"}
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ensure_env", lambda path: values if path == tmp_path / ".env" else {})
    module.print_exports()
    script = capsys.readouterr().out + r"""env -0"""
    done = subprocess.run(["bash", "-c", script], env={}, capture_output=True, text=True, check=True)
    exported = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: exported[name] for name in values} == values


def test_settings_that_cannot_be_read_are_told_to_who_uses_docker(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_command: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".env").write_text("A=1\nAIRFLOW_PORT=80a\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert run_command("env") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith(".env:2: AIRFLOW_PORT='80a' is not a port")
    assert captured.out == ""
