"""The jobs: the pipeline, publishing an earlier run's star, rollback, forget; and the daily schedule."""

import os

import dagster as dg
from pydantic import Field

from dagster_project.days import BEGUN_AGAIN
from dagster_project.platform import Platform
from dagster_project.publication import PUBLICATION, STAR
from include.tables import SOURCES

NAME = "video_streaming_elt"
pipeline = dg.define_asset_job(
    NAME,
    selection=dg.AssetSelection.all(),
    tags=BEGUN_AGAIN,
    description="Sources to publication, for one business day.",
)
publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(PUBLICATION)
    | dg.AssetSelection.checks(
        *(dg.AssetCheckKey(STAR, name) for name in ("reconciliation", "data_quality"))
    ),
    description="Judge and publish the star that the run `of_run` built and did not publish.",
)


class Forgotten(dg.Config):
    """Whose watermarks are forgotten: names of raw tables; all where none is named."""

    tables: list[str] = Field(default_factory=lambda: [source.raw for source in SOURCES])


@dg.op(name="roll_back")
def _roll_back(context: dg.OpExecutionContext, platform: Platform) -> None:
    context.log.info("Readers see %s again", platform.roll_back())


@dg.op(name="forget_watermarks")
def _forget_watermarks(context: dg.OpExecutionContext, config: Forgotten, platform: Platform) -> None:
    forgotten = platform.forget_watermarks(config.tables)
    context.log.info("The next run reads anew what fills %s", ", ".join(forgotten) or "nothing")


@dg.job(description="Give readers the previous version again; once more takes it back.")
def rollback() -> None:
    """Swap trusted and trusted_previous."""
    _roll_back()


@dg.job(description="Forget watermarks, so that the next run reads the sources anew, from their beginning.")
def forget() -> None:
    """Delete rows of ops.watermarks; raw and star keep theirs."""
    _forget_watermarks()


def schedules() -> list[dg.ScheduleDefinition]:
    """Return the schedule that `.env` asks for; none where it asks for none, as in a demo."""
    cron = os.environ.get("PIPELINE_SCHEDULE", "@daily")
    if not cron:
        return []

    @dg.schedule(job=pipeline, cron_schedule=cron, name="daily")
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = f"{context.scheduled_execution_time:%Y-%m-%d}"
        return dg.RunRequest(partition_key=day)

    return [daily]
