"""What to do about a failure: the runbook's table in docs/operations.md, which people read as well.

Data flow: `task: Error: message` of a failure -> the row whose first cell fits it best -> its last cell.
A first cell has patterns in backquotes, `InputError: … line …`; without any the cell itself is one.
"""

import re
from functools import cache
from typing import NamedTuple

from include.environment import ROOT

RUNBOOK = "docs/operations.md"
LINK = f"{RUNBOOK}#a-run-failed"
HEADER = "| you see | it means | do |"
OTHERWISE = "open the task's log: its last error says what and where"
MARKDOWN_LINK = re.compile(r"\[([^]]+)\]\(([^)]+)\)")


class Entry(NamedTuple):
    """A row of the table: the patterns by which its failure is known, and what to do."""

    patterns: tuple[str, ...]
    remedy: str

    def fit(self, said: str) -> int:
        """Return the length of the longest pattern that is in the text, 0 where none is."""
        return max((len(pattern) for pattern in self.patterns if _regex(pattern).search(said)), default=0)


def what_to_do(said: str) -> str:
    """Return what the runbook says of a failure, `task: Error: message`, and where it says it."""
    best = max(entries(), key=lambda entry: entry.fit(said), default=None)
    remedy = best.remedy if best and best.fit(said) else OTHERWISE
    return f"{remedy}. Runbook: {LINK}"


@cache
def entries() -> tuple[Entry, ...]:
    """Return the rows of the table; none where the file is not at hand, for an alert goes out without it."""
    path = ROOT / RUNBOOK
    _, _, table = (path.read_text(encoding="utf-8") if path.is_file() else "").partition(f"{HEADER}\n")
    rows = (line.strip("| ").split(" | ") for line in table.partition("\n\n")[0].splitlines()[1:])
    return tuple(Entry(_patterns(seen), _plain(remedy)) for seen, _, remedy in rows)


def _patterns(cell: str) -> tuple[str, ...]:
    return tuple(re.findall("`([^`]+)`", cell)) or (cell,)


def _plain(cell: str) -> str:
    """Return a cell's text with its links written out."""
    in_full = MARKDOWN_LINK.sub(lambda link: f"{link[1]} ({_from_root(link[2])})", cell)
    return in_full.replace("`", "")


def _from_root(target: str) -> str:
    return f"{RUNBOOK}{target}" if target.startswith("#") else f"docs/{target}"


def _regex(pattern: str) -> re.Pattern:
    """Return the pattern, in which … stands for anything."""
    return re.compile(re.escape(pattern).replace("…", ".*"))
