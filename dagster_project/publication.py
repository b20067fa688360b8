"""What follows dbt: the star as a whole, two checks of it that block, and the publication that readers see.

Data flow: the models of trusted_next -> star -> reconciliation and data_quality, with raw and the sources ->
publication.
"""

from collections.abc import Iterable

import dagster as dg

from dagster_project.days import DAYS, EACH_DAY, FRESH, RETRIES
from dagster_project.platform import JUDGED, Platform
from include import tasks
from include.parameters import ASK

STAR, PUBLICATION = dg.AssetKey("star"), dg.AssetKey("publication")
UNUSUAL = (
    "The star looks unusual, and a person is to decide. The plan below says what readers would see. To"
    " publish it all the same, launch the job publish for this day with quality_gate: warn and of_run: {run}"
)
OF_DAYS = {
    "partitions_def": DAYS,
    "backfill_policy": EACH_DAY,
    "retry_policy": RETRIES,
    "kinds": {"postgres"},
}


def whole_star(models: Iterable[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset that is there when dbt has built and tested all models.

    What is true of the star as a whole only is checked of it: a check of one model would come when others
    have been made of that model.
    """

    @dg.asset(
        key=STAR,
        deps=sorted(models),
        group_name="publication",
        description="The schema trusted_next: whole, and tested by dbt. No reader sees it.",
        **OF_DAYS,
    )
    def star(context: dg.AssetExecutionContext) -> None:
        context.log.info("dbt has built all models, and all its tests have passed")

    return star


@dg.asset_check(
    asset=STAR,
    blocking=True,
    retry_policy=RETRIES,
    description="Sources, raw and star hold the same rows, to the last digit.",
)
def reconciliation(context: dg.AssetCheckExecutionContext, platform: Platform) -> dg.AssetCheckResult:
    """Compare them as the DAG does."""
    try:
        compared = platform.run(context, tasks.reconcile_sources)
    except JUDGED as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    return dg.AssetCheckResult(passed=True, metadata={one["table"]: one["rows"] for one in compared})


@dg.asset_check(
    asset=STAR,
    blocking=True,
    retry_policy=RETRIES,
    description="The star is not unusual against the one that readers see.",
)
def data_quality(context: dg.AssetCheckExecutionContext, platform: Platform) -> dg.AssetCheckResult:
    """Compare both stars; fail where a person is to be asked."""
    try:
        decided = platform.run(context, tasks.check_data_quality)
    except JUDGED as error:
        return dg.AssetCheckResult(passed=False, description=str(error))
    if decided != tasks.NEXT_TASKS[ASK]:
        return dg.AssetCheckResult(passed=True)
    run = platform.batch_id(context)
    plan = {"plan": dg.MetadataValue.md(platform.plan_page(run))}
    return dg.AssetCheckResult(passed=False, description=UNUSUAL.format(run=run), metadata=plan)


@dg.asset(
    key=PUBLICATION,
    deps=[STAR],
    group_name="publication",
    description="The schema trusted, which Power BI reads: the whole star, by one transaction.",
    freshness_policy=FRESH,
    **OF_DAYS,
)
def publication(context: dg.AssetExecutionContext, platform: Platform) -> dg.MaterializeResult:
    """Swap the star in, or say which one readers keep."""
    done = platform.run(context, tasks.publish_trusted)
    platform.release(context)
    said = {name: value for name, value in done.items() if value is not None}
    return dg.MaterializeResult(metadata=said)
