"""A person with `make ui` for the tests of a file, and the row of the runbook that a test is of."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from include.environment import ROOT
from include.generate import ANCHOR
from include.runbook import Entry, entries
from tests.integration.runbook.person import Person
from tests.receiver import receiving
from tests.ui import serving_ui

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    """Somebody who brought the first day."""
    with receiving() as receiver, serving_ui("streaming-runbook-", ALERT_URLS=receiver.url) as ui:
        # What `make` looks for: the clone's own would be a copy of it.
        (ui.project / ".venv").symlink_to(ROOT / ".venv")
        somebody = Person(ui, receiver)
        somebody.triggers(as_of="2024-09-01")
        yield somebody


@pytest.fixture
def entry(request: pytest.FixtureRequest) -> Entry:
    """The row of the runbook that the test names: one of its patterns."""
    (pattern,) = request.node.get_closest_marker("runbook").args
    (found,) = [each for each in entries() if pattern in each.patterns]
    return found


@pytest.fixture
def day() -> dict[str, str]:
    """What a trigger says of a day that no test brought."""
    return {"as_of": (ANCHOR + timedelta(days=next(_numbers))).isoformat()}
