"""What a pipeline run is told: its batch and its limits, read from its context and the settings."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from include.errors import InputError
from include.settings import Limits, Settings

# The data set of files that somebody brings: they are always loaded, only generated days have an order.
OWN_FILES = "own files"


@dataclass(frozen=True)
class Batch:
    """One run of the pipeline: its id, and the business day that it brings."""

    batch_id: str
    as_of: date


def batch_of(context: MutableMapping[str, Any], *, table: str | None = None) -> Batch:
    """Return the run's id and business day: the parameter as_of, else the logical date, else the run's date.

    `table` is put into the context, where the label of a mapped task reads it. Raises InputError for an as_of
    that is no date.
    """
    if table:
        context["table"] = table
    return Batch(batch_id=context["run_id"], as_of=_business_day(context))


def limits_of(context: Mapping[str, Any], settings: Settings) -> Limits:
    """Return where the run's loads stop: a run may allow a mass deletion that the settings do not.

    Files of somebody's own are there to replace what was loaded before.
    """
    if context["params"].get("allow_mass_deletion") or context["params"].get("data_dir"):
        return replace(settings.limits, deleted_share=1)
    return settings.limits


def _business_day(context: Mapping[str, Any]) -> date:
    if as_of := context["params"].get("as_of"):
        try:
            return date.fromisoformat(as_of)
        except ValueError:
            raise InputError(
                f"as_of={as_of!r} is not a date. Trigger again with one like 2024-09-02"
            ) from None
    # A triggered run may have no logical date.
    return (context.get("logical_date") or context["dag_run"].run_after).date()
