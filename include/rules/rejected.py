"""A row or document that broke a rule."""

from dataclasses import dataclass

from include.rules.reasons import shared_sentence


@dataclass(frozen=True)
class Rejected:
    """A row or document that could not be loaded: where it stood, what is wrong, and how it came.

    `reason` is for people, `rule` is its code (`reasons.py`). `header` is the first line of the CSV file,
    without which the row says little.
    """

    position: str
    column: str | None
    value: str | None
    reason: str
    rule: str
    row: str
    header: str | None = None

    @property
    def fault(self) -> str:
        """Name the column and what is wrong with it, in the words that all such rows share."""
        what = shared_sentence(self.rule, self.reason)
        return f"{self.column} {what}" if self.column else what
