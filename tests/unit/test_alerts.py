"""Alerts reach their receivers; whatever one of them does, nothing is raised and no secret logged."""

import logging
import socket
import time
from collections.abc import Iterator

import apprise
import pytest

from include import alerts
from include.alerts import tell
from tests.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What is logged, down to the details of every library; never a secret."""
    with caplog.at_level(logging.DEBUG):
        yield caplog
    assert [record for record in caplog.get_records("call") if "secret" in record.getMessage()] == []


def _closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_every_receiver_gets_title_and_body_as_they_are(receiver, said):
    with receiving() as other:
        tell(
            "it failed",
            "Cause: <b> & 'x'\nRun: http://x/1",
            env={"ALERT_URLS": f"{receiver.url}  {other.url}"},
        )
        for got in (receiver, other):
            [alert] = got.alerts
            assert (alert["title"], alert["type"]) == ("it failed", "failure")
            assert alert["message"] == "Cause: <b> & 'x'\nRun: http://x/1"
    assert "Receiver 2 of ALERT_URLS took the alert" in said.messages


def test_question_is_no_failure(receiver, said):
    tell("it asks", "Question: ?", is_failure=False, env={"ALERT_URLS": receiver.url})
    assert [alert["type"] for alert in receiver.alerts] == ["info"]


@pytest.mark.parametrize("env", [{}, {"ALERT_URLS": ""}, {"ALERT_URLS": "  "}])
def test_without_receivers_the_log_has_the_alert(said, env):
    tell("it failed", "Cause: x", env=env)
    assert said.messages == ["Alert: it failed\nCause: x"]


@pytest.mark.parametrize(
    "url", ["secret", "nosuch://secret@host", "slack://secret", "json://", "://", "mailto://secret@"]
)
def test_what_is_no_url_of_apprise_is_named_by_its_number(receiver, said, url):
    tell("it failed", "Cause: x", env={"ALERT_URLS": f"{url} {receiver.url}"})
    assert "Receiver 1 of ALERT_URLS is no URL that Apprise knows" in said.messages
    assert len(receiver.alerts) == 1


@pytest.mark.parametrize("status", [302, 403, 404, 500])
def test_receiver_that_refuses_is_named_by_its_kind(receiver, said, status):
    receiver.status = status
    tell("it failed", "Cause: x", env={"ALERT_URLS": receiver.url})
    assert "Receiver 1 of ALERT_URLS (JSON) did not take the alert" in said.messages


def test_receiver_that_is_not_there_is_told(said):
    tell("it failed", "Cause: x", env={"ALERT_URLS": f"json://127.0.0.1:{_closed_port()}/secret"})
    assert "Receiver 1 of ALERT_URLS (JSON) did not take the alert" in said.messages


def test_receiver_that_never_answers_holds_up_neither_the_run_nor_the_others(receiver, said, monkeypatch):
    monkeypatch.setattr(alerts, "SEND_SECONDS", 1)
    with receiving() as slow:
        slow.seconds = 3
        began = time.monotonic()
        tell("it failed", "Cause: x", env={"ALERT_URLS": f"{slow.url} {receiver.url}"})
        assert time.monotonic() - began < 2.5
    assert len(receiver.alerts) == 1
    assert "Receiver 1 of ALERT_URLS did not take the alert in 1 s" in said.messages


def test_error_of_apprise_itself_is_one_line_without_its_words(receiver, said, monkeypatch):
    def fail(url: str, **_: object) -> None:
        raise ValueError(f"cannot use {url}")

    monkeypatch.setattr(apprise.Apprise, "instantiate", fail)
    tell("it failed", "Cause: x", env={"ALERT_URLS": receiver.url})
    assert said.messages[1:] == ["Receiver 1 of ALERT_URLS failed with ValueError"]
