"""What the tasks around `transform_with_dbt` do: its second attempt, and dbt's nodes shown one by one.

A node's task is marked when dbt ends. Where that could not be done Airflow runs the task, which reads the
same results: a state may come late, but never another one.
"""

import logging
from collections.abc import Mapping

from include.airflow_api import AirflowApiError, AirflowSession
from include.connections import postgres
from include.errors import DataQualityError
from include.failures import explained
from include.nodes import NOT_RUN, forget_shown, show
from include.ops.dbt_runs import NodeResult, read_results
from include.second_attempt import end_orphans, first_command
from include.settings import read_settings

log = logging.getLogger(__name__)


@explained
def before_dbt_builds(run_id: str, try_number: int) -> str:
    """Return the shell commands before `dbt build`; end and clear what is left of an earlier attempt."""
    if try_number > 1:
        if orphans := end_orphans(run_id):
            log.warning("An earlier attempt's dbt was still at work: %d processes are ended", orphans)
        forget_shown(AirflowSession.of_task(), run_id)
    with postgres("warehouse") as warehouse:
        return first_command(warehouse, read_settings().dbt_target, run_id)


def show_dbt_nodes(run_id: str) -> None:
    """Show the result of each of dbt's nodes as the state of its task; all are skipped where dbt left none.

    Never raises for an Airflow that does not answer: what dbt built is good without it.
    """
    results = _results(run_id)
    for result in results.values():
        log.info("%s %s: %s, %s", result.resource_type, result.name, result.status, result.figures)
    try:
        show(AirflowSession.of_task(), run_id, results)
    except AirflowApiError as error:
        log.warning("dbt's nodes are not marked, so Airflow runs their tasks: %s", error)


@explained
def was_not_run(context: Mapping[str, object]) -> tuple[bool, str]:
    """Tell whether dbt left a node out."""
    result = _results(context["run_id"]).get(context["task"].op_kwargs["node"])
    return not result or result.state == "skipped", NOT_RUN


@explained
def show_dbt_node(node: str, **context) -> str:
    """Return the figures of a node; raise DataQualityError where it failed."""
    result = _results(context["run_id"])[node]
    if result.state == "failed":
        raise DataQualityError(f"dbt {result.resource_type} {result.name}: {result.figures}")
    return result.figures


def _results(run_id: str) -> dict[str, NodeResult]:
    """Return the results of the run's last build by node; dbt keeps them until the next build begins."""
    # Not those in ops.dbt_runs: they may be of a build before one that was killed.
    return {result.unique_id: result for result in read_results(read_settings().dbt_target, run_id)}
