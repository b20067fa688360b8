"""A port that is taken is told, and another one taken."""

import socket

import pytest

from cli.ports import port_of


def test_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        port = port_of({"AIRFLOW_PORT": str(taken)}, "AIRFLOW_PORT")
    assert port != taken
    assert capsys.readouterr().out == (
        f"AIRFLOW_PORT {taken} cannot be had (Address already in use): taking {port}\n"
    )
