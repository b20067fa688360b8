"""The task refresh_power_bi, with Airflow's own hook, against a stub of Power BI's REST API over HTTP."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from include.connections import power_bi
from include.environment import ROOT
from include.errors import InputError, TransientError, UnexpectedError
from include.failures import is_transient
from include.publish.power_bi import SemanticModel, refresh
from tests.dags.power_bi import (
    ACCEPTED,
    DATASET,
    GROUP,
    LOGIN,
    OURS,
    PATH,
    THEIRS,
    Answer,
    PowerBi,
    history,
    refusal,
    replace_login,
)

COMPLETED = history((OURS, "Completed"), (THEIRS, "Failed"))
IN_PROGRESS = refusal(400, "RefreshInProgressException")


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Yield a function that starts a stub with its answers, and makes it the connection's host."""
    with ExitStack() as stack:

        def start(posts: list[Answer], gets: list[Answer] = [COMPLETED]) -> PowerBi:  # noqa: B006
            stub = stack.enter_context(PowerBi([*posts], [*gets]).serving())
            connect(monkeypatch, stub.url)
            return stub

        yield start


def connect(monkeypatch: pytest.MonkeyPatch, url: str, **changed: str | None) -> None:
    """Declare the connection, with parts of the login changed."""
    login = {"login": "client", "password": "hush", "tenant_id": "tenant", **changed}
    extra = {"tenant_id": login.pop("tenant_id"), "base_url": url}
    connection = {"conn_type": "powerbi", **login, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_POWER_BI", json.dumps(connection))
    replace_login(monkeypatch)


def refreshed() -> dict[str, str]:
    return asyncio.run(refresh(power_bi(), SemanticModel(GROUP, DATASET), poll_seconds=0.01))


def test_refresh_is_asked_for_and_its_end_awaited(answering: Callable) -> None:
    stub = answering([ACCEPTED])
    assert refreshed() == {"request_id": OURS, "status": "Completed"}
    assert stub.asked == [("POST", PATH, "Bearer token"), ("GET", PATH, "Bearer token")]


def test_only_the_end_of_the_own_request_counts(answering: Callable) -> None:
    not_listed_yet, running = (
        history((THEIRS, "Completed")),
        history((OURS, "Unknown"), (THEIRS, "Completed")),
    )
    stub = answering([ACCEPTED], [not_listed_yet, running, history((OURS, "InProgress")), COMPLETED])
    assert refreshed()["status"] == "Completed"
    assert stub.methods == ["POST", "GET", "GET", "GET", "GET"]


@pytest.mark.parametrize("status", ["Failed", "Disabled", "Cancelled"])
def test_refresh_that_fails_says_where_and_why_and_is_not_retried(answering: Callable, status: str) -> None:
    answering([ACCEPTED], [history((OURS, status), error='{"errorCode":"ModelRefreshFailed_Credentials"}')])
    with pytest.raises(UnexpectedError) as raised:
        refreshed()
    said = str(raised.value)
    for words in (DATASET, GROUP, f": {status}. The star is published", "ModelRefreshFailed_Credentials"):
        assert words in said
    assert not is_transient(raised.value)


def test_throttled_request_is_sent_again_when_power_bi_says(answering: Callable) -> None:
    stub = answering([refusal(429, "TooManyRequests", Retry_After="1"), ACCEPTED])
    began = time.monotonic()
    assert refreshed()["status"] == "Completed"
    assert time.monotonic() - began >= 1
    assert stub.methods == ["POST", "POST", "GET"]


@pytest.mark.parametrize(
    "answer",
    [refusal(429, "TooManyRequests", Retry_After="300"), refusal(500, "InternalError"), Answer(502)],
    ids=lambda answer: answer.status,
)
def test_what_passes_is_left_to_a_later_try(answering: Callable, answer: Answer) -> None:
    answering([answer])
    with pytest.raises(TransientError, match="Power BI is away or busy") as raised:
        refreshed()
    assert "about " in str(raised.value) or not answer.body
    answering([ACCEPTED], [answer])
    with pytest.raises(TransientError, match="Power BI is away or busy"):
        refreshed()


def test_refresh_that_runs_already_is_awaited_and_another_one_asked_for(answering: Callable) -> None:
    theirs = [history((THEIRS, status)) for status in ("Unknown", "Unknown", "Unknown", "Completed")]
    # One that never ended is no reason to wait.
    theirs = [Answer(200, {"value": [*each.body["value"], {"status": "Unknown"}]}) for each in theirs]
    stub = answering([IN_PROGRESS, ACCEPTED], [*theirs, COMPLETED])
    assert refreshed() == {"request_id": OURS, "status": "Completed"}
    assert stub.methods == ["POST", *["GET"] * 4, "POST", "GET"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "InvalidRequest"), (401, "TokenExpired"), (403, "Forbidden"), (404, "PowerBIEntityNotFound")],
)
def test_refusal_says_what_to_look_at_and_is_not_retried(answering: Callable, status: int, code: str) -> None:
    answering([refusal(status, code)])
    with pytest.raises(InputError) as raised:
        refreshed()
    for words in (DATASET, GROUP, "POWER_BI_… in .env", "docs/refresh-power-bi.md", code):
        assert words in str(raised.value)
    assert not is_transient(raised.value)


def test_answer_without_a_request_is_no_refresh(answering: Callable) -> None:
    answering([Answer(202)])
    with pytest.raises(UnexpectedError, match="named no request"):
        refreshed()


def test_api_that_is_away_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "http://127.0.0.1:1/v1.0")
    with pytest.raises(TransientError, match="away or busy"):
        refreshed()


@pytest.mark.parametrize("missing", ["login", "password", "tenant_id"])
def test_login_that_lacks_a_part_is_a_sentence(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    connect(monkeypatch, "http://127.0.0.1:1/v1.0", **{missing: None})
    with pytest.raises(InputError, match=r"POWER_BI_… in \.env .* should be .* Microsoft Entra"):
        refreshed()


@pytest.mark.parametrize(
    ("status", "kind"), [(401, InputError), (400, InputError), (503, TransientError), (None, TransientError)]
)
def test_login_that_microsoft_refuses_and_one_that_is_away_are_told_apart(
    answering: Callable, monkeypatch: pytest.MonkeyPatch, status: int | None, kind: type[Exception]
) -> None:
    stub = answering([ACCEPTED])

    async def token(*_: object, **__: object) -> AccessToken:
        error = ClientAuthenticationError("AADSTS7000215: Invalid client secret provided.")
        error.status_code = status
        raise error if status else ServiceRequestError("AADSTS7000215 or so: cannot connect")

    monkeypatch.setattr(LOGIN, token)
    with pytest.raises(kind, match="AADSTS7000215") as raised:
        refreshed()
    assert "hush" not in str(raised.value)
    assert stub.asked == []


def test_without_the_provider_the_dag_is_read_and_the_task_says_what_to_install() -> None:
    program = """
import sys
sys.modules |= dict.fromkeys(("airflow.providers.microsoft.azure.hooks", "azure", "msal", "msgraph_core"))
from airflow.dag_processing.dagbag import DagBag
bag = DagBag("dags")
assert bag.import_errors == {} and len(bag.dags) == 4
from include.connections import power_bi
power_bi()
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stderr.splitlines()[-1].startswith(
        "include.errors.InputError: A workspace is set in .env, but"
    )
    assert "requirements-power-bi.txt" in done.stderr
