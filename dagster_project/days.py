"""The business days, which are partitions; how often a step is tried, and when an asset is stale."""

from datetime import timedelta

import dagster as dg

from include.days import LAUNCH

# With today, as in the DAG: a run brings the day on which it is due.
DAYS = dg.DailyPartitionsDefinition(start_date=LAUNCH.isoformat(), timezone="UTC", end_offset=1)
# Days are brought one after the other, each by a run of its own: they build on each other.
EACH_DAY = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
# A day, and time for a run that is late.
FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=36), warn_window=timedelta(hours=26))
# Of what passes by itself: `Platform.run` says of each error whether it is tried again.
RETRIES = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL)
PARTITION = "dagster/partition"
# A run whose process was killed is begun again where it was; one whose step failed is not.
BEGUN_AGAIN = {"dagster/max_retries": "2", "dagster/retry_on_asset_or_op_failure": "false"}
