"""Have Power BI read a publication: ask its REST API to refresh the semantic model, and wait until it has.

Data flow: POST .../refreshes -> the id of the request -> GET .../refreshes until that request has ended.

A refresh that is running already may have read the star before, so it is waited for, and then another one is
asked for. API: https://learn.microsoft.com/en-us/rest/api/power-bi/datasets/refresh-dataset-in-group
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpx

from include.errors import InputError, TransientError, UnexpectedError
from include.failures import driver_words

log = logging.getLogger(__name__)

POLL_SECONDS = 30.0
# The hook's word for the API's Unknown, and two that only a Premium capacity knows.
RUNNING = {"In Progress", "InProgress", "NotStarted"}
REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
PUBLISHED = "The star is published; Power BI still shows the one before"


class Hook(Protocol):
    """What is used of Airflow's PowerBIHook."""

    async def trigger_dataset_refresh(self, *, dataset_id: str, group_id: str) -> str | None: ...

    async def get_refresh_history(self, *, dataset_id: str, group_id: str) -> list[dict[str, str]]: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class SemanticModel:
    """The ids of a semantic model and of its workspace, under the API's older names for both."""

    group_id: str
    dataset_id: str

    def __str__(self) -> str:
        return f"the semantic model {self.dataset_id} in the workspace {self.group_id}"


def semantic_model(env: Mapping[str, str]) -> SemanticModel | None:
    """Return the model that the settings name, None where they name no workspace."""
    if workspace := env.get("POWER_BI_WORKSPACE_ID"):
        return SemanticModel(workspace, env.get("POWER_BI_SEMANTIC_MODEL_ID", ""))
    return None


async def refresh(hook: Hook, model: SemanticModel, poll_seconds: float = POLL_SECONDS) -> dict[str, str]:
    """Refresh the model; return what Power BI says of it: `request_id` and `status`.

    Raises InputError when Power BI refuses, TransientError when it is away or throttles, UnexpectedError when
    the refresh fails.
    """
    try:
        request_id = await _ask(hook, model, poll_seconds)
        log.info("Power BI refreshes %s, request %s", model, request_id)
        ended = await _end_of(hook, model, request_id, poll_seconds)
    except Exception as error:
        raise _explain(error, model) from None
    finally:
        await hook.close()
    if ended["status"] != "Completed":
        raise UnexpectedError(
            f"Power BI could not refresh {model}: {ended['status']}. {PUBLISHED}. Mend there what it names,"
            f" then clear the task. Power BI says: {driver_words(Exception(ended['error']))}"
        )
    return {name: ended[name] for name in ("request_id", "status")}


async def _ask(hook: Hook, model: SemanticModel, poll_seconds: float) -> str:
    """Return the id of a refresh that begins now, after the one that is running."""
    try:
        request_id = await hook.trigger_dataset_refresh(**vars(model))
    except Exception as error:
        if _status(_told(error)) != HTTPStatus.BAD_REQUEST or not await _is_running(hook, model):
            raise
        log.info("Power BI refreshes %s already: it is asked again after that", model)
        while await _is_running(hook, model):
            await asyncio.sleep(poll_seconds)
        return await _ask(hook, model, poll_seconds)
    if not request_id:
        raise UnexpectedError(f"Power BI named no request that refreshes {model}. Look there whether it does")
    return request_id


async def _end_of(hook: Hook, model: SemanticModel, request_id: str, poll_seconds: float) -> dict[str, str]:
    """Return the request's entry in the history when it is no longer running; it may be listed late."""
    while True:
        for entry in await hook.get_refresh_history(**vars(model)):
            if entry["request_id"] == request_id and entry["status"] not in RUNNING:
                return entry
        await asyncio.sleep(poll_seconds)


async def _is_running(hook: Hook, model: SemanticModel) -> bool:
    # The newest is first. An older one may stay Unknown for ever.
    return any(entry["status"] in RUNNING for entry in (await hook.get_refresh_history(**vars(model)))[:1])


def _told(error: Exception) -> BaseException:
    """Return the error with Power BI's own words: the hook raises another one, without them, over some."""
    return error.__context__ if hasattr(error.__context__, "status_code") else error


def _status(told: BaseException) -> int | None:
    """Return the status that the error stands for; the hook has 500 for what it does not tell apart."""
    return HTTPStatus.FORBIDDEN if isinstance(told, PermissionError) else getattr(told, "status_code", None)


def _explain(error: Exception, model: SemanticModel) -> Exception:
    """Return the error as a sentence of ours, or as it is when it is not about Power BI or its login."""
    told = _told(error)
    status, said = _status(told), f"Power BI or its login says: {driver_words(told)}"
    # A ValueError is about an id or secret that cannot be one.
    if status in REFUSALS or isinstance(told, ValueError):
        return InputError(
            f"Power BI does not refresh {model}. {PUBLISHED}. See that all of POWER_BI_… in .env are right,"
            f" and the service principal's rights (docs/refresh-power-bi.md), then clear the task. {said}"
        )
    is_of_login = type(told).__module__.startswith("azure.")
    if status or is_of_login or isinstance(told, httpx.TransportError):
        return TransientError(f"Power BI is away or busy, and the task is tried again. {said}")
    return error
