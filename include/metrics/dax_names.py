"""What tables, columns and measures of the star are called in Power BI, and how DAX writes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX, MART = re.compile(r"^(dim|fct|bridge)_"), re.compile(r"^mart_")


@dataclass(frozen=True)
class Names:
    """Labels by rule: `fct_viewing_sessions` is 'Viewing Sessions', its `user_id` is [User Id].

    A mart is a summary, so that marts stand together. `tables` has the tables that are called otherwise.
    """

    tables: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> str:
        """Return the label of a table of the star."""
        return self.tables.get(name) or title(MART.sub("summary_", PREFIX.sub("", name)))

    def quoted(self, table: str) -> str:
        """Return the table as DAX writes it."""
        label = self.table(table).replace("'", "''")
        return f"'{label}'"

    def column(self, table: str, name: str) -> str:
        """Return the column of the table as DAX writes it."""
        return f"{self.quoted(table)}{bracketed(title(name))}"


def title(name: str) -> str:
    """Return the words of a name: `user_id` is User Id."""
    return name.strip("_").replace("_", " ").title()


def bracketed(label: str) -> str:
    """Return the label of a measure or column as DAX writes it."""
    return f"[{label.replace(']', ']]')}]"
