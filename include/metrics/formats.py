"""Numbers and periods as people read them."""

import re
from datetime import date

# Of rows whose table has no value there.
NONE = "(none)"
PERIODS = {"month": "{:%Y-%m}", "quarter": "{0:%Y}-Q{1}", "year": "{:%Y}"}


def shown(value: object, pattern: str) -> str:
    """Return the number in a format of Power BI, such as `#,##0.0` or `0.0%`; nothing for None."""
    if value is None:
        return ""
    decimals = len(found[1]) if (found := re.search(r"\.(0+)", pattern)) else 0
    if pattern.endswith("%"):
        return f"{value:.{decimals}%}"
    return f"{value:,.{decimals}f}"


def change(now: float | None, before: float | None, pattern: str) -> tuple[str, str]:
    """Return the change in words, of shares in points, else in per cent; and its way: up, down or none."""
    is_share = pattern.endswith("%")
    if now is None or before is None or (not before and not is_share):
        return "", "none"
    change = now - before if is_share else now / before - 1
    text = f"{100 * change:+.1f} points" if is_share else f"{change:+.1%}"
    if not text.strip("+-0.% points"):
        return "no change", "none"
    return text, "up" if change > 0 else "down"


def named(field: str, value: object) -> str:
    """Return a value of a field as WHERE takes it: a period by its name, such as 2024-08 for a month."""
    if field in PERIODS and isinstance(value, date):
        return PERIODS[field].format(value, (value.month + 2) // 3)
    return NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)
