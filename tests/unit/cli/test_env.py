"""The settings as a shell takes them over."""

import subprocess
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
