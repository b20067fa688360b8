"""Numbers as people read them, by the format of Power BI that the metric names."""

import re


def shown(value: object, pattern: str) -> str:
    """Return the number in a format such as `#,##0.0` or `0.0%`; nothing for None."""
    if value is None:
        return ""
    decimals = len(found[1]) if (found := re.search(r"\.(0+)", pattern)) else 0
    if pattern.endswith("%"):
        return f"{value:.{decimals}%}"
    return f"{value:,.{decimals}f}"
