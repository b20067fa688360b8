"""Where a load stops itself: too many rows would vanish, or too many cannot be loaded.

Both look at one table in one load, and let small ones pass: of three rows, two may well go.
"""

from collections import Counter
from collections.abc import Sequence

from include.errors import GuardError, InputError
from include.rules.rejected import Rejected
from include.settings import Limits

# With fewer rows a share says little.
FEWEST_ROWS = 100


def refuse_mass_deletion(table: str, deleted: int, live: int, limits: Limits) -> None:
    """Raise GuardError when a load deleted too many of the `live` rows that the raw table had before."""
    if not _is_above(deleted, live, limits.deleted_share):
        return
    raise GuardError(
        f"raw.{table}: {deleted:,} of its {live:,} live rows would vanish"
        f" ({_percent(deleted / live)}; MAX_DELETED_SHARE is {_percent(limits.deleted_share)})."
        " Nothing of this load was kept. Check that the source is complete; if it is meant, trigger a run"
        " with allow_mass_deletion, or set MAX_DELETED_SHARE=1 in .env for one run"
    )


def refuse_mass_rejection(what: str, read: int, rejected: Sequence[Rejected], limits: Limits) -> None:
    """Raise InputError when too many of the rows that were `read` from `what` cannot be loaded."""
    if not _is_above(len(rejected), read, limits.rejected_share):
        return
    reason, times = Counter(row.fault for row in rejected).most_common(1)[0]
    raise InputError(
        f"{what}: {len(rejected):,} of the {read:,} rows read cannot be loaded"
        f" ({_percent(len(rejected) / read)}; MAX_REJECTED_SHARE is {_percent(limits.rejected_share)});"
        f" most often, {times:,} times: {reason}. Nothing was loaded. See all rows and reasons with"
        " `make quarantine` and mend them, or set MAX_REJECTED_SHARE in .env"
    )


def _is_above(part: int, whole: int, share: float) -> bool:
    return whole >= FEWEST_ROWS and part / whole > share


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
