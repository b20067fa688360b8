"""Each of Microsoft's best-practice rules is judged or has a reason, and a model that breaks it is found."""

from pathlib import Path

import pytest

from tests.powerbi.best_practice.exceptions import EXCUSED, NOT_JUDGED
from tests.powerbi.best_practice.judge import CHECKS, broken
from tests.powerbi.best_practice.planted import PLANTED, WITH
from tests.powerbi.best_practice.rules import RULES, check
from tests.powerbi.changed import SPECIMEN, changed
from tests.powerbi.tmdl import read


def test_every_rule_is_judged_or_has_a_reason() -> None:
    assert len(RULES) == 71
    assert sorted([*CHECKS, *NOT_JUDGED]) == sorted(RULES)
    assert all(NOT_JUDGED.values())
    assert {one.severity for one in CHECKS.values()} == {1, 2, 3}


def test_a_rule_has_one_check() -> None:
    with pytest.raises(KeyError, match="TRIM_OBJECT_NAMES has two checks"):
        check("TRIM_OBJECT_NAMES")(lambda _, __: True)
    with pytest.raises(KeyError, match="NO_SUCH_RULE"):
        check("NO_SUCH_RULE")(lambda _, __: True)


def test_what_is_excused_is_judged_and_has_a_reason() -> None:
    assert {rule for rule, _ in EXCUSED} <= set(CHECKS)
    assert all(EXCUSED.values())


def test_the_specimen_breaks_no_rule() -> None:
    assert broken(read(SPECIMEN)) == set()


def test_every_check_has_a_planted_violation() -> None:
    assert sorted(PLANTED) == sorted(CHECKS)


@pytest.mark.parametrize("rule", PLANTED)
def test_this_check_finds_what_is_planted(rule: str, tmp_path: Path) -> None:
    found = broken(changed(tmp_path, *PLANTED[rule]))
    assert {name for name, _ in found} == {rule} | WITH.get(rule, set()), found
