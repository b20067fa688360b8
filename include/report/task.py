"""The task: read the facts of a day, and put its page in the place of an earlier one."""

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from include.connections import postgres
from include.days import EXAMPLE
from include.errors import InputError
from include.failures import explained
from include.metrics import read_definitions
from include.report.facts import numbers_of, recorded_of
from include.report.page import page
from include.settings import read_settings
from include.transaction import transaction

log = logging.getLogger(__name__)


@explained
def write_kpi_report(**context: object) -> dict[str, object]:
    """Write the page of the run's partition, else of the day that readers see; return what it is of.

    Raises InputError where nothing was published of the day.
    """
    with postgres("warehouse", readonly=True) as loader, transaction(loader) as cursor:
        recorded = recorded_of(cursor, _day(context))
    day = recorded.publication.as_of
    # In one transaction: so all numbers are of one publication.
    with postgres("warehouse_reader", readonly=True) as reader, transaction(reader) as cursor:
        numbers = numbers_of(cursor, read_definitions(), day)
    path = read_settings().data_root / "reports" / f"kpi-report-{day}.html"
    _write(path, page(day, numbers, recorded))
    log.info("%s: publication %s of %s", path, recorded.publication.version, day)
    rejected = sum(one.rows for one in recorded.rejects)
    return {"report": str(path), "version": recorded.publication.version, "rejected": rejected}


def _day(context: Mapping[str, object]) -> date | None:
    """Return the partition of the run; one that a person triggers may have none."""
    if not (key := context["dag_run"].partition_key):
        return None
    try:
        return date.fromisoformat(key)
    except ValueError:
        raise InputError(f"{key!r} is no day. Trigger again with a partition key as {EXAMPLE}") from None


def _write(path: Path, text: str) -> None:
    """Write under another name, then rename: readers never meet half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
