"""The task in which a person says whether readers get the star."""

from collections.abc import Mapping
from datetime import timedelta

from airflow.providers.standard.exceptions import HITLTimeoutError
from airflow.providers.standard.operators.hitl import ApprovalOperator

from dags.pipeline.alerts import ApprovalAsked
from dags.pipeline.turns import having_warehouse
from include.ops.warehouse_claim import GAP

# Shorter than a day: the next day's run waits for this one.
PATIENCE = timedelta(hours=12)
EXPIRED = (
    f"Nobody answered within {PATIENCE.total_seconds() / 3600:.0f} hours: readers keep the star that they"
    " have. Clear this task to ask again"
)


class Approval(ApprovalOperator):
    """Airflow's approval, which keeps the warehouse, and says in a sentence that nobody answered."""

    def execute(self, context: Mapping[str, object]) -> object:
        """Ask, and wait. Until there is an answer no other run builds over the star that is asked about."""
        with having_warehouse(context, kept=PATIENCE + GAP):
            return super().execute(context)

    def process_trigger_event_error(self, event: Mapping[str, object]) -> None:
        """Raise HITLTimeoutError with a sentence, and whatever else went wrong as Airflow does."""
        if event["error_type"] == "timeout":
            raise HITLTimeoutError(EXPIRED)
        super().process_trigger_event_error(event)


def approve_publication() -> Approval:
    """Return the task that waits for an answer: on Reject the star is not published, without one it fails.

    It waits without a worker and without a triggerer.
    """
    return Approval(
        task_id="approve_publication",
        doc_md="Ask a person whether readers get the star.",
        subject="Publish the star of {{ run_id }}?",
        body="What readers would see of it:\n\n{{ plan_page(run_id) }}\n\n"
        "*Approve* publishes it. *Reject* leaves readers the star that they have.",
        response_timeout=PATIENCE,
        notifiers=ApprovalAsked(),
        execution_timeout=None,
    )
