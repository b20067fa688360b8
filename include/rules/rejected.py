"""A row or document that broke a rule."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rejected:
    """A row or document that could not be loaded: where it stood, what is wrong, and how it came.

    `header` is the first line of the CSV file, without which the row says little.
    """

    position: str
    column: str | None
    value: str | None
    reason: str
    row: str
    header: str | None = None
