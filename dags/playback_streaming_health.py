"""### Health of streaming: is what devices report read in time?

Every five minutes it asks the warehouse how far consumers and windows are, and fails where a limit of `.env`
is exceeded: messages wait (`STREAM_MAX_LAG`), events are read too late or by nobody, or windows stand still
(`STREAM_MAX_DELAY_SECONDS`). Of an outage people are told once; it is over with the first green run.

Where no event ever came through Kafka, its task is skipped. Where `KAFKA_BOOTSTRAP_SERVERS` is empty when
Airflow first sees the DAG, it is paused: switch it on when devices report.
"""

import os
from datetime import timedelta

from airflow.sdk import dag, task

from dags.pipeline.alerts import tell_outage
from dags.pipeline.described import described
from dags.pipeline.retries import DEFAULT_ARGS
from dags.pipeline.schedule import runs_by_itself
from include.stream_health import check_streaming, hears_nothing


@dag(
    schedule="*/5 * * * *",
    catchup=False,
    # As for the lakehouse: without it there is nothing to watch, and a demo stops with its run.
    is_paused_upon_creation=None if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and runs_by_itself() else True,
    max_active_runs=1,
    # A run ends before the next one is due.
    default_args=DEFAULT_ARGS | {"retries": 1, "execution_timeout": timedelta(minutes=1)},
    doc_md=__doc__,
    on_failure_callback=tell_outage,
    tags=["elt", "video-streaming", "streaming", "tier-2"],
)
def playback_streaming_health() -> None:
    task.skip_if(hears_nothing)(task(check_streaming))()


described(playback_streaming_health())
