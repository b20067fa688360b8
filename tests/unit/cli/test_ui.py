"""`make ui`: a port that is taken is told, and another one taken."""

import socket

import pytest

from cli.ui import _port


def test_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        port = _port(taken)
    assert port != taken
    assert capsys.readouterr().out == (
        f"AIRFLOW_PORT {taken} cannot be had (Address already in use): taking {port}\n"
    )
