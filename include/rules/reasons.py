"""Every rule has a code, for programs, and a sentence, for people. Sentences are made here and nowhere else.

Programs compare codes: a replay leaves a repeated_key alone, `make quarantine` counts by code.
"""

from typing import NamedTuple

# Rule -> its sentence, after the name of the column and the value; {} are the details.
SENTENCES = {
    # values
    "empty": "is empty",
    "too_long": "is longer than {} bytes",
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
    "not_in_encoding": "has characters that the encoding of the source's database lacks: {}",
    "not_convertible": "cannot be converted from {} to UTF-8",
    # messages
    "no_version": "the message has no header {}",
    "unknown_version": "the message is of version {}, known is {}",
    "wrong_schema": "the message does not fit the schema: {}",
    "wrong_key": "is not the key of the message",
    "in_future": "is more than an hour after the message was sent",
    # documents
    "managed_field": "is set by the platform; take the field out of the file",
    "unknown_kind": "is no kind of document that is known",
    "not_storable": "cannot be stored in MongoDB: {}",
    "too_deep": "is nested more than {} levels deep",
    "date_range": "is a date outside the years 1 to 9999",
    "not_utf8": "holds bytes that are not UTF-8",
    "name_not_utf8": "is a name with bytes that are not UTF-8",
    "repeated_name": "stands more than once in one object",
    "reserved_name": "is a name by which extended JSON marks a value of another type",
    "unreadable": "cannot be decoded: {}",
    "too_long_as_json": "is longer than {} characters as JSON",
    "not_json": "is not JSON any more: {}",
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
    "field_limit": "is a field larger than field limit ({} characters)",
}
REPEATED_KEY = "repeated_key"


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
