"""What `make status` proposes: nothing where all is well, and a command for each thing that is off."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cli.advice import GOOD, advice
from dashboard.health import Health
from include.ops.run_history import PastRun

NOW = datetime(2024, 9, 3, 6, tzinfo=UTC)
DAY = date(2024, 9, 2)
RUN = PastRun(DAY, NOW, 20.0, 100, 90, 0, 0, 81, 0, True, "publish", 7)
LOADED = datetime(2024, 9, 3, 5)
HEALTH = Health(7, DAY, LOADED, DAY, LOADED, DAY, 0)


def test_a_good_run_needs_nothing():
    assert advice([RUN], HEALTH, NOW) == [GOOD]
    assert advice([replace(RUN, version=None, dbt_nodes=0, decision=None)], HEALTH, NOW) == [GOOD]
    # The trigger said so.
    assert advice([replace(RUN, version=None, decision="keep")], HEALTH, NOW) == [GOOD]


@pytest.mark.parametrize(
    ("run", "health", "words"),
    [
        ({"is_equal": False}, {}, "make reconcile"),
        ({"dbt_not_good": 2}, {}, "2 nodes of dbt did not pass"),
        ({"version": None}, {}, "has published nothing"),
        ({"version": None, "decision": "ask"}, {}, "Required Actions"),
        ({"version": None, "decision": "stop"}, {}, "was stopped: make plan"),
        ({"version": None, "is_equal": None, "dbt_nodes": 0}, {}, "has published nothing"),
        ({"schema_changes": 1}, {}, "When a source changes its shape"),
        ({}, {"last_loaded_at": LOADED - timedelta(hours=40)}, "41 hours ago: make demo"),
        ({}, {"complete_through": date(2024, 9, 1)}, "up to 2024-09-01 only"),
        ({}, {"rejected_rows": 1234}, "1,234 rows wait in quarantine: make quarantine"),
    ],
)
def test_what_is_off_has_its_line(run, health, words):
    lines = advice([replace(RUN, **run)], replace(HEALTH, **health), NOW)
    assert len(lines) == 1
    assert words in lines[0]
    assert max(map(len, lines[0].splitlines())) <= 100


def test_several_things_come_together_and_an_open_run_is_not_called_late_as_well():
    run = replace(RUN, version=None, dbt_not_good=1)
    health = replace(HEALTH, complete_through=date(2024, 9, 1), rejected_rows=1)
    assert len(advice([run], health, NOW)) == 3


def test_before_the_first_run_there_is_one_way_to_go():
    nothing = Health(None, None, None, None, None, None, 0)
    assert advice([], nothing, NOW) == ["Nothing has run yet: make demo"]
