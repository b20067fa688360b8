"""What a pipeline run is told: batch, limits and files, read from its context and the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from include.days import EXAMPLE, refuse_day
from include.errors import InputError
from include.settings import DEFAULT_LIMITS, Limits, Settings

# What a trigger may say. A misspelt name would be a run of another day, or of other files.
KNOWN = ("as_of", "data_dir", "allow_mass_deletion", "full_refresh", "quality_gate", "publish")
# The data set of files that somebody brings: they are always loaded, only generated days have an order.
OWN_FILES = "own files"


@dataclass(frozen=True)
class Batch:
    """One run of the pipeline: its id, and the business day that it brings."""

    batch_id: str
    as_of: date


@dataclass(frozen=True)
class Run:
    """What every step of a run needs to know.

    `folder` holds the files to seed, `dataset` names the data set that they belong to.
    """

    batch: Batch
    limits: Limits = DEFAULT_LIMITS
    folder: str = ""
    dataset: str = OWN_FILES

    @classmethod
    def from_context(
        cls, context: Mapping[str, Any], settings: Settings, files: Mapping[str, str] | None = None
    ) -> "Run":
        """Return the run that an Airflow context describes; `files` are its folder and dataset.

        Raises InputError for an as_of that is no date or out of range, and for files where nothing is seeded.
        """
        if data_dir_of(context["params"]) and not settings.plays:
            raise InputError(
                "data_dir names files to seed, but SOURCES=existing in .env: the sources are only read."
                " Trigger again without it"
            )
        batch = Batch(context["run_id"], _business_day(context))
        is_generated = settings.plays and not data_dir_of(context["params"])
        refuse_day("as_of", batch.as_of, is_generated=is_generated)
        return cls(batch, _limits(context["params"], settings.limits), **(files or {}))


def refuse_unknown_settings(context: Mapping[str, Any]) -> None:
    """Raise InputError when the run's configuration has a name that is none of a trigger's."""
    said = getattr(context.get("dag_run"), "conf", None) or {}
    if unknown := sorted({*context.get("params", {}), *said} - set(KNOWN)):
        names = ", ".join(map(repr, unknown))
        raise InputError(
            f"The run's configuration has {names}, which nobody reads; known are {', '.join(KNOWN)}."
            " Nothing was done. Trigger again with one of these"
        )


def refuse_wrong_run(context: Mapping[str, Any], settings: Settings) -> None:
    """Raise InputError for a trigger that cannot be meant, before a task has written anything."""
    refuse_unknown_settings(context)
    Run.from_context(context, settings)


def data_dir_of(params: Mapping[str, Any]) -> str | None:
    """Return the folder that a run's parameters name, without blanks around it, or None."""
    return (params.get("data_dir") or "").strip() or None


def _limits(params: Mapping[str, Any], limits: Limits) -> Limits:
    """Return the limits of a run: it may allow a mass deletion that the settings do not.

    Files of somebody's own are there to replace what was loaded before.
    """
    if params.get("allow_mass_deletion") or data_dir_of(params):
        return replace(limits, deleted_share=1)
    return limits


def _business_day(context: Mapping[str, Any]) -> date:
    """Return the parameter as_of, else the logical date, else the date on which the run was due."""
    if as_of := context["params"].get("as_of"):
        try:
            return date.fromisoformat(as_of)
        except ValueError:
            raise InputError(
                f"as_of={as_of!r} is not a date. Trigger again with one like {EXAMPLE}"
            ) from None
    # A triggered run may have no logical date.
    return (context.get("logical_date") or context["dag_run"].run_after).date()
