"""Whether a document of a file is the one that is stored (docs/adr/0014).

Python's == will not do: to it 1 is true, and NaN is not NaN.
"""

from collections.abc import Mapping
from decimal import Decimal

from bson.decimal128 import Decimal128

from include.rules.document_values import number


def is_same(new: object, stored: object) -> bool:
    """Tell whether a value of a file is the stored one: of the same type, numbers as numbers.

    The order of fields does not count, that of lists does.
    """
    if isinstance(new, dict):
        return (
            isinstance(stored, Mapping)
            and new.keys() == stored.keys()
            and all(is_same(value, stored[name]) for name, value in new.items())
        )
    if isinstance(new, list):
        return isinstance(stored, list) and len(new) == len(stored) and all(map(is_same, new, stored))
    if _is_number(new):
        return _is_number(stored) and _is_same_number(Decimal(number(new)), Decimal(number(stored)))
    return type(new) is type(stored) and new == stored


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal128) and not isinstance(value, bool)


def _is_same_number(new: Decimal, stored: Decimal) -> bool:
    """Compare to the last digit, with the sign of zero."""
    if new.is_nan() or stored.is_nan():
        return new.is_nan() and stored.is_nan()
    return new == stored and new.is_signed() == stored.is_signed()
