"""The figures of one raw table on three sides: source, raw, star."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.sql import Composable

from include.ops.fingerprint import Fingerprint, Measured, fingerprint_of, rows_and_hash_of
from include.quality.star_mapping import rows_in_its_words, star_of
from include.specs import RawTable
from include.transaction import transaction


@dataclass(frozen=True)
class ComparedMeasure:
    """A measure of a raw table in source, raw and star.

    `source` is None where that was not asked, `trusted` where the star has no such column.
    `rounding` is raw's value minus that of raw in the star's words: rounded to its decimals, trimmed.
    """

    name: str
    source: Decimal | None
    raw: Decimal
    rounding: Decimal
    trusted: Decimal | None

    @property
    def is_source_equal(self) -> bool:
        return self.source is None or not difference(self.source, self.raw)

    @property
    def is_trusted_equal(self) -> bool:
        return self.trusted is None or not difference(self.trusted, self.rounded)

    @property
    def values(self) -> list[str | None]:
        """The figures as texts, since psycopg2 would make NaN of an infinity."""
        figures = (self.source, self.raw, self.rounding, self.trusted)
        return [None if figure is None else str(figure) for figure in figures]

    @property
    def rounded(self) -> Decimal:
        """Raw's value, in the star's words."""
        return self.raw - self.rounding


def measure_raw(cursor: Cursor, rows: Composable, measured: Measured, source: Fingerprint) -> Fingerprint:
    """Return the figures of raw's rows, in half the time where they are those of the source.

    Rows that are equal in number and in the hash of all values have equal sums.
    """
    if measured.hashed:
        figures = rows_and_hash_of(cursor, rows, measured.hashed)
        if figures.items() <= source.items():
            return source
    return fingerprint_of(cursor, rows, measured)


def compare_measures(
    cursor: Cursor,
    publisher: Connection,
    table: RawTable,
    sides: tuple[Fingerprint, Fingerprint],
    schema: str,
) -> Sequence[ComparedMeasure]:
    """Return the measures of source and raw (`sides`) beside those of the star.

    Without figures of the source there are none to compare. Raw is read in the star's words, by a second
    scan, only when the star differs from its figures.
    """
    source, in_raw = sides
    in_star, in_its_words = _measure_star(publisher, table, schema), in_raw
    star = star_of(table)
    if star and any(value != in_raw.get(name) for name, value in in_star.items()):
        in_its_words = fingerprint_of(cursor, rows_in_its_words(star, table), star.measured(table))
    return [
        ComparedMeasure(
            name,
            source.get(name),
            in_raw[name],
            difference(in_raw[name], in_its_words.get(name, in_raw[name])),
            in_star.get(name),
        )
        for name in source or in_raw
    ]


def difference(left: Decimal, right: Decimal) -> Decimal:
    """Return left minus right; 0 where both are NaN, or the same infinity: a sum over such a value is one."""
    are_same_infinity = math.isinf(left) and left == right
    if are_same_infinity or (math.isnan(left) and math.isnan(right)):
        return Decimal(0)
    return left - right


def _measure_star(publisher: Connection, table: RawTable, schema: str) -> Fingerprint:
    """Return the figures of the star's rows for the raw table; none when it has no such table."""
    star = star_of(table)
    if star is None:
        return {}
    with transaction(publisher) as cursor:
        return fingerprint_of(cursor, star.rows(table, schema), star.measured(table))
