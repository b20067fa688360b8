"""What follows dbt: two checks of the whole star that block, and the publication that readers see.

Data flow: trusted_next + raw + sources -> reconciliation, data_quality -> trusted.
"""

from collections.abc import Iterable

import dagster as dg

from dagster_project.days import DAYS, EACH_DAY, FRESH, RETRIES
from dagster_project.platform import JUDGED, Platform
from dagster_project.star import FACT
from include import tasks
from include.parameters import ASK

PUBLICATION = dg.AssetKey("publication")
UNUSUAL = (
    "The star looks unusual, and a person is to decide. The plan below says what readers would see. To"
    " publish it all the same, launch the job publish for this day with quality_gate: warn and of_run: {run}"
)


def checks_of(star: Iterable[dg.AssetKey]) -> list[dg.AssetChecksDefinition]:
    """Return the checks that look at the whole star; they are the fact's."""
    whole = {
        "asset": FACT,
        "additional_deps": sorted(set(star) - {FACT}),
        "blocking": True,
        "retry_policy": RETRIES,
    }

    @dg.asset_check(**whole, description="Sources, raw and star hold the same rows, to the last digit.")
    def reconciliation(context: dg.AssetCheckExecutionContext, platform: Platform) -> dg.AssetCheckResult:
        try:
            compared = platform.run(context, tasks.reconcile_sources)
        except JUDGED as error:
            return dg.AssetCheckResult(passed=False, description=str(error))
        return dg.AssetCheckResult(passed=True, metadata={one["table"]: one["rows"] for one in compared})

    @dg.asset_check(**whole, description="The star is not unusual against the one that readers see.")
    def data_quality(context: dg.AssetCheckExecutionContext, platform: Platform) -> dg.AssetCheckResult:
        try:
            decided = platform.run(context, tasks.check_data_quality)
        except JUDGED as error:
            return dg.AssetCheckResult(passed=False, description=str(error))
        if decided != tasks.NEXT_TASKS[ASK]:
            return dg.AssetCheckResult(passed=True)
        run = platform.batch_id(context)
        plan = {"plan": dg.MetadataValue.md(platform.plan_page(run))}
        return dg.AssetCheckResult(passed=False, description=UNUSUAL.format(run=run), metadata=plan)

    return [reconciliation, data_quality]


def publication_of(star: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset that readers see: it needs the whole star, and all that blocks it."""

    @dg.asset(
        key=PUBLICATION,
        deps=sorted(star),
        group_name="trusted",
        kinds={"postgres"},
        description="The schema trusted, which Power BI reads: the whole star, by one transaction.",
        freshness_policy=FRESH,
        partitions_def=DAYS,
        backfill_policy=EACH_DAY,
        retry_policy=RETRIES,
    )
    def publication(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
        done = platform.run(context, tasks.publish_trusted)
        platform.release(context)
        return dg.MaterializeResult(
            metadata={name: value for name, value in done.items() if value is not None}
        )

    return publication
