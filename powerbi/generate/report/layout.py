"""Where the visuals of a page stand, in pixels: heading, slicers, cards, then charts in a grid."""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTH, MARGIN, GAP = 1280, 24, 16
HEADING, SLICER, CARDS, CHART = 56, 80, 112, 320
COLUMNS = 2


@dataclass(frozen=True)
class Place:
    """A rectangle on the page."""

    x: int
    y: int
    width: int
    height: int


def row(y: int, height: int, count: int) -> list[Place]:
    """Return places of one width beside each other, from margin to margin."""
    width = (WIDTH - 2 * MARGIN - (count - 1) * GAP) // count
    return [Place(MARGIN + number * (width + GAP), y, width, height) for number in range(count)]


def grid(y: int, count: int) -> Iterator[Place]:
    """Yield places of charts, from left to right and downwards; the last one may have a whole row."""
    while count > 0:
        yield from row(y, CHART, min(count, COLUMNS))
        y, count = y + CHART + GAP, count - COLUMNS


def height_of(places: list[Place]) -> int:
    """Return the height of the page with these places."""
    return max(one.y + one.height for one in places) + MARGIN
