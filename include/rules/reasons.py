"""Every rule has a code, for programs, and a sentence, for people. Sentences are made here and nowhere else.

Programs compare codes: a replay leaves a repeated_key alone, `make quarantine` counts by code.
"""

from collections.abc import Iterable
from typing import NamedTuple

# Rule -> its sentence, after the name of the column and the value; {} are the details.
SENTENCES = {
    # values
    "empty": "is empty",
    "missing": "is missing",
    "not_a_number": "is not a number",
    "not_a_whole_number": "is not a whole number",
    "not_a_date": "is not a date (YYYY-MM-DD)",
    "not_a_bson_date": "is not a date",
    "wrong_type": "is not {} but {}",
    "below": "is below {}",
    "above": "is above {}",
    "nul": "holds a NUL character",
    "repeated_key": "repeats the key of {}",
    # documents
    "managed_field": "is set by the platform; take the field out of the file",
    "unknown_kind": "is no kind of document that is known",
    "not_storable": "cannot be stored in MongoDB: {}",
    "too_deep": "is nested more than {} levels deep",
    "not_json": "is not JSON any more: {}",
    "repeated_field": "is there {} times in one object; keep one of them",
    "number_not_held": "is a number that MongoDB cannot hold to the last digit (34 digits, up to 1E+6144)",
    "not_a_json_number": "is not a number: JSON has no NaN and no Infinity",
    "dollar_name": "begins with $: a field of this name cannot be stored",
    "too_large": "the document has {} bytes, MongoDB stores up to {}",
    "refused": "MongoDB refused the document: {}",
    # rows of a CSV file
    "field_count": "the row has {} fields, the header has {}",
    "nul_in_row": "the row holds a NUL character",
    "unclosed_quote": "a quote is opened and never closed",
    "lone_quote": "a quote inside a field has no other half",
    "quote_in_field": "a quote is closed in the middle of a field",
    "carriage_return": "a carriage return stands in a field without quotes",
    "not_csv": "the row is not CSV: {}",
}
REPEATED_KEY = "repeated_key"
# Characters of a text of theirs (a driver's message, a name of a file) within one of ours.
LONGEST = 500
# Names of theirs in one sentence.
MOST_NAMES = 20


class Problem(NamedTuple):
    """What is wrong: in which column (None: in the whole row), with which value, in words, and its code."""

    column: str | None
    value: str | None
    reason: str
    rule: str


def sentence(rule: str, *details: object) -> str:
    """Return the rule's sentence. Raises KeyError for a rule that is not listed."""
    return SENTENCES[rule].format(*details)


def problem(rule: str, *details: object, column: str | None = None, value: str | None = None) -> Problem:
    """Return the problem of breaking the rule."""
    return Problem(column, value, sentence(rule, *details), rule)


def shared_sentence(rule: str, reason: str) -> str:
    """Return the sentence that all rows with one fault share: not "of line 12" but "of another line"."""
    return sentence(rule, "another line") if rule == REPEATED_KEY else reason


def shortened(text: object) -> str:
    """Return at most LONGEST characters of a text, as PostgreSQL can keep them."""
    whole = str(text)
    # NUL, and half a surrogate pair, which is legal in JSON.
    shown = whole[:LONGEST].replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return shown if max(len(whole), len(shown)) <= LONGEST else shown[: LONGEST - 1] + "…"


def listed(names: Iterable[str]) -> str:
    """Return the names in a line: the first of many, quoted where they do not look like what they are."""
    names = list(names)
    shown = [name if name.isprintable() and name.strip() == name != "" else ascii(name) for name in names]
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(shortened(name) for name in shown[:MOST_NAMES]) + more
