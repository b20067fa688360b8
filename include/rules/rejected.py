"""A row or document that broke a rule."""

import hashlib
from dataclasses import dataclass, replace

from include.rules.reasons import REPEATED_KEY, shared_sentence

# Longer texts are shortened to so many characters and their hash.
LONGEST_TEXT, KEPT = 250, 180


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
    def storable(self) -> "Rejected":
        """The same with a place that an index takes and a value that people read; the row stays whole."""
        # The value of a repeated key is compared with the key, which has a bound.
        value = self.value if self.value is None or self.rule == REPEATED_KEY else shortened(self.value)
        return replace(self, position=shortened(self.position), value=value)

    @property
    def fault(self) -> str:
        """Name the column and what is wrong with it, in the words that all such rows share."""
        what = shared_sentence(self.rule, self.reason)
        return f"{self.column} {what}" if self.column else what


def shortened(text: str) -> str:
    """Return a long text as its beginning, length and hash; two that differ stay two."""
    if len(text) <= LONGEST_TEXT:
        return text
    data = text.encode("utf-8", "surrogatepass")
    return f"{text[:KEPT]}… ({len(data):,} bytes, md5 {hashlib.md5(data, usedforsecurity=False).hexdigest()})"
