"""What a run rejected: rows by table, column and rule, never a value of them."""

from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from include.rules.reasons import SENTENCES

# A row that was replayed has left the quarantine. The reason of a row may quote its value: the rule does not.
REJECTED = """
select table_name, column_name, rule, count(*)
from quarantine.rejected_rows
where batch_id = %s and released_at is null
group by table_name, column_name, rule
order by count(*) desc, table_name, column_name, rule
"""


@dataclass(frozen=True)
class Rejects:
    """Rows of a table that broke one rule, in one column or (None) as a whole."""

    table: str
    column: str | None
    rule: str
    rows: int

    @property
    def reason(self) -> str:
        """Return the rule in words, with its details left out."""
        return SENTENCES.get(self.rule, self.rule).replace("{}", "…")


def rejects_of(cursor: Cursor, batch_id: str) -> list[Rejects]:
    """Return what the run rejected, the most rows first."""
    cursor.execute(REJECTED, (batch_id,))
    return [Rejects(*row) for row in cursor.fetchall()]
