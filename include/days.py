"""Which business days a run may bring."""

from datetime import date

from include.errors import InputError

# Of the product that is played: before it there is nothing.
LAUNCH = date(2022, 9, 1)
# The newest day that include/sources.yml takes in the product's rows; the calendar of the star ends by then.
LAST = date(2100, 12, 31)
EXAMPLE = "2024-09-02"


def refuse_day(name: str, day: date, *, is_generated: bool) -> None:
    """Raise InputError for a day out of range; `name` is what the person wrote, as AS_OF.

    Files and systems of somebody's own may be older than the product that is played.
    """
    if is_generated and not LAUNCH <= day <= LAST:
        raise InputError(f"{name} must be a day from {LAUNCH} to {LAST}, as {EXAMPLE}; it is {day}")
    if day > LAST:
        raise InputError(f"{name} must be a day until {LAST}, as {EXAMPLE}; it is {day}")
