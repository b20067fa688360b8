"""Runs of jobs in this process, and what they made."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from tests.conftest import Platform

PIPELINE, DAY = "video_streaming_elt", "2024-09-02"


@dataclass(frozen=True)
class Runner:
    """Runs jobs of the definitions, on a platform's databases where there is one.

    `resources` take the place of the definitions' own.
    """

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    platform: Platform | None = None
    resources: dict[str, Any] = field(default_factory=dict)

    def run(
        self,
        job: str = PIPELINE,
        day: str | None = DAY,
        select: dg.AssetSelection | None = None,
        ops: dict[str, Any] | None = None,
        **said: Any,
    ) -> dg.ExecuteInProcessResult:
        """Run a job for a day, or the assets of a selection; `said` are fields of the resource platform."""
        graph = self.definitions.resolve_asset_graph()
        keys = sorted(select.resolve(graph)) if select else None
        config: dict[str, Any] = {"ops": ops or {}}
        if not self.resources:
            config["resources"] = {"platform": {"config": said}}
        return self.definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            partition_key=day,
            asset_selection=keys,
            run_config=config,
            resources=self.resources or None,
            raise_on_error=False,
        )


def made(run: dg.ExecuteInProcessResult) -> set[str]:
    """Return the assets that a run materialised, such as raw/postgres_users."""
    return {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()}


def metadata(run: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """Return what a run said of each asset that it materialised."""
    events = run.get_asset_materialization_events()
    return {event.asset_key.to_user_string(): event.materialization.metadata for event in events}


def failed_checks(run: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return the checks that failed, as raw/postgres_users:guards, with what they said."""
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": check.description or ""
        for check in run.get_asset_check_evaluations()
        if not check.passed
    }


def failures(run: dg.ExecuteInProcessResult) -> str:
    """Return what the failed steps said, for an assertion's message."""
    return "\n".join(
        str(event.event_specific_data.error) for event in run.all_events if event.is_step_failure
    )


def downstream_of(definitions: dg.Definitions, asset: str) -> set[str]:
    """Return all assets that are made, directly or not, of the asset."""
    graph = definitions.resolve_asset_graph()
    key = dg.AssetKey.from_user_string(asset)
    found = dg.AssetSelection.assets(key).downstream(include_self=False).resolve(graph)
    return {one.to_user_string() for one in found}
