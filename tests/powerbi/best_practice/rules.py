"""Microsoft's best-practice rules for semantic models as Python checks, by the IDs of `BPARules.json`.

The file has each rule's severity, the kinds of object that it judges, and an expression for Tabular Editor, a
program for Windows. A check says the same of one object: true where the rule is broken.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.powerbi.best_practice.scopes import scope
from tests.powerbi.nodes import Model, Node

# By its ID, each rule as Microsoft wrote it.
RULES = {rule["ID"]: rule for rule in json.loads((Path(__file__).parent / "BPARules.json").read_text())}
Breaks = Callable[[Node, Model], bool]


@dataclass(frozen=True)
class Check:
    """A rule that is judged: its severity from 1, a hint, to 3, an error; the scopes of what it judges."""

    rule: str
    severity: int
    scopes: frozenset[str]
    breaks: Breaks

    def find(self, model: Model) -> list[Node]:
        """Return the objects that break the rule."""
        nodes = [node for root in model.objects for node in root.walk()]
        return [node for node in nodes if scope(node) in self.scopes and self.breaks(node, model)]


CHECKS: dict[str, Check] = {}


def check(rule: str) -> Callable[[Breaks], Breaks]:
    """Register a function as the check of a rule. KeyError where there is no such rule, or it has a check."""

    def register(breaks: Breaks) -> Breaks:
        if rule in CHECKS:
            raise KeyError(f"{rule} has two checks")
        known = RULES[rule]
        scopes = frozenset(known["Scope"].split(", "))
        CHECKS[rule] = Check(rule, known["Severity"], scopes, breaks)
        return breaks

    return register
