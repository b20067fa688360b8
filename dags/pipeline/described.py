"""What the UI says of each task: its function's docstring, and where the runbook is."""

from inspect import cleandoc

from airflow.sdk import DAG
from airflow.sdk.bases.decorator import DecoratedMappedOperator

from include.runbook import LINK

IF_RED = f"If it is red, its log ends with what to do, and the alert of its run repeats it. Runbook: `{LINK}`"


def described(dag: DAG) -> DAG:
    """Return the DAG, whose tasks say in the UI what they do, and what people do when one is red."""
    for task in dag.tasks:
        if isinstance(task, DecoratedMappedOperator):
            # Airflow gives the docstring to a task that is not mapped, and to no other.
            task.partial_kwargs["doc_md"] = _words(task.python_callable.__doc__)
        else:
            task.doc_md = _words(task.doc_md)
    return dag


def _words(doc: str | None) -> str:
    return f"{cleandoc(doc or '')}\n\n{IF_RED}"
