"""What a pipeline run is told: batch, limits and files, read from its context and the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from include.days import EXAMPLE, refuse_day
from include.errors import InputError
from include.parameters import (
    RANGES,
    allows_mass_deletion,
    data_dir_of,
    generated_sizes,
    is_full_refresh,
    publish_of,
    quality_gate_of,
    tables_of,
)
from include.settings import DEFAULT_LIMITS, Limits, Settings

# What a trigger may say. A misspelt name would be a run of another day, or of other files.
KNOWN = (
    *("as_of", "mode", "tables", "data_dir", *RANGES),
    *("allow_mass_deletion", "quality_gate", "publish"),
)
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

        Raises InputError for a parameter that cannot be meant, and for files where nothing is seeded.
        """
        params = context["params"]
        _judge(params, settings)
        batch = Batch(context["run_id"], _business_day(context))
        is_generated = settings.plays and not data_dir_of(params)
        refuse_day("as_of", batch.as_of, is_generated=is_generated)
        limits = settings.limits
        if allows_mass_deletion(params):
            limits = replace(limits, deleted_share=1)
        return cls(batch, limits, **(files or {}))


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


def _judge(params: Mapping[str, Any], settings: Settings) -> None:
    """Raise InputError for a word or table that there is not, or sizes or files that nobody would read."""
    for judge in (is_full_refresh, tables_of, quality_gate_of, publish_of):
        judge(params)
    folder, sizes = data_dir_of(params), generated_sizes(params)
    if folder and not settings.plays:
        raise InputError(
            "data_dir names files to seed, but SOURCES=existing in .env: the sources are only read."
            " Trigger again without it"
        )
    if sizes and (folder or not settings.plays):
        reason = "data_dir names files" if folder else "SOURCES=existing in .env: the sources are only read"
        raise InputError(
            f"{', '.join(sizes)}: of data that are generated, but {reason}. Trigger again without"
        )


def _business_day(context: Mapping[str, Any]) -> date:
    """Return the parameter as_of, else the logical date, else the date on which the run was due."""
    if as_of := context["params"].get("as_of"):
        try:
            return date.fromisoformat(as_of)
        except (ValueError, TypeError):
            raise InputError(
                f"as_of={as_of!r} is not a date. Trigger again with one like {EXAMPLE}"
            ) from None
    # A triggered run may have no logical date.
    return (context.get("logical_date") or context["dag_run"].run_after).date()
