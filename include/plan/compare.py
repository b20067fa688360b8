"""The comparison of two stars as a whole."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from include.metrics import Definitions
from include.plan.kpis import Move, compare_kpis
from include.plan.tables import TableChange, compare_tables
from include.publish.schema_marker import NEXT, TRUSTED


@dataclass(frozen=True)
class Plan:
    """What publishing would change. `moves` is None before the first publication."""

    tables: tuple[TableChange, ...]
    moves: tuple[Move, ...] | None

    @property
    def changes(self) -> list[TableChange]:
        """Return the tables of which readers would see something new."""
        return [one for one in self.tables if one.is_change]

    def table(self, name: str) -> TableChange:
        """Return what happens to the table; raise KeyError for one that is in neither star."""
        return {one.name: one for one in self.tables}[name]


def compare_stars(
    cursor: Cursor, definitions: Definitions, seen: str = TRUSTED, following: str = NEXT
) -> Plan:
    """Compare the star that readers see with the following one, in the cursor's transaction."""
    tables = compare_tables(cursor, seen, following)
    is_first = not any(one.rows_before for one in tables)
    moves = None if is_first else tuple(compare_kpis(cursor, definitions, seen, following))
    return Plan(tuple(tables), moves)
