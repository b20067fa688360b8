"""Names that there are, like one that there is not: most often it is misspelt."""

from collections.abc import Iterable
from difflib import get_close_matches


def proposed(name: str, known: Iterable[str]) -> str:
    """Return a question with up to three known names like this one; nothing where none is."""
    near = get_close_matches(name, known, n=3)
    return f"did you mean {' or '.join(near)}?" if near else ""
