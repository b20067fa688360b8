"""Why a task failed, in one line: kind of error and what it says; of dbt the node that failed."""

from include.failures import driver_words
from include.ops.dbt_runs import NodeResult, read_results
from include.settings import read_settings

DBT_FAILED = "Bash command failed"
BAD = {"error", "fail"}


def cause_of(error: BaseException, batch_id: str) -> str:
    """Return the cause in one line, without a row or a password; of dbt by its results of this batch."""
    if str(error).startswith(DBT_FAILED):
        results = read_results(read_settings().dbt_target, batch_id)
        bad = [node for node in results if node.status in BAD]
        if bad:
            return _of_nodes(bad)
    return f"{type(error).__name__}: {driver_words(error)}"


def _of_nodes(bad: list[NodeResult]) -> str:
    first, *others = bad
    more = f", and {len(others)} more" if others else ""
    return f"a dbt {first.resource_type} failed{more}: {first.name} {' '.join(first.detail.split())}"
