"""A draft of a staging model says what PostgreSQL and dbt can read, whatever the columns are called."""

from dataclasses import replace
from datetime import date, datetime

import jinja2
import pytest
from psycopg2.sql import SQL, Identifier

from cli.staging_drafts import draft_model, snake_case_names
from include.environment import ROOT
from include.specs import META_COLUMNS, Column, PostgresTable
from tests.conftest import Platform
from tests.integration.helpers.connections import autocommit
from tests.integration.own_sources.our_words import keywords, our_words

AWKWARD = ["User", "Order Id", "größe", "2nd", "{{ x }}", "{% if x %}", "{# x #}", 'a "b"', "o'clock"]
AWKWARD += ["back\\n", "{{ '", "}}", "ß", "日本", "a.b", "$1", "a--b", "/* a", "'{{", "\"'{{"]
PARTS = 4
# Type -> a value of the source, and what staging shows of it.
VALUES = {
    "text": ("' seven '", "seven"),
    "bigint": ("7", 7),
    "timestamptz": ("'2024-01-01 12:00+02'", datetime(2024, 1, 1, 10)),
    "date": ("'2024-02-01'", date(2024, 2, 1)),
}


@pytest.mark.parametrize("part", range(PARTS))
def test_draft_of_any_names_shows_its_columns(platform: Platform, part: int) -> None:
    admin = autocommit(platform.connect("admin"))
    names = [*sorted({*our_words(), *keywords(admin)})[part::PARTS], *AWKWARD]
    types = ("text", "timestamptz", "bigint")
    columns = tuple(Column(name, types[(place + part) % 3]) for place, name in enumerate(names))
    # Of an id the blanks would stay: it is the key of other tables.
    columns = tuple(
        replace(column, type="bigint") if column.name.lower().endswith("id") else column for column in columns
    )
    key = columns[1] if columns[0].type == "text" else columns[0]
    table = PostgresTable(
        name="any", key=(key.name,), columns=columns, watermark=None, strategy="full_refresh"
    )
    held = [*columns, *(Column(name, words.split()[0]) for name, words in META_COLUMNS.items())]
    typed = SQL(", ").join(SQL("{} {}").format(Identifier(c.name), SQL(c.type)) for c in held)
    with admin.cursor() as cursor:
        cursor.execute(SQL("create temporary table any_name ({})").format(typed))
        cursor.execute(f"insert into any_name values ({', '.join(VALUES[c.type][0] for c in held)})")
        cursor.execute(rendered(draft_model(table)))
        in_order = sorted(columns, key=lambda column: column != key)
        assert [column.name for column in cursor.description] == [
            *snake_case_names([column.name for column in in_order]), "is_deleted", "as_of", "loaded_at"
        ]  # fmt: skip
        moment = VALUES["timestamptz"][1]
        shown = [VALUES[column.type][1] for column in in_order]
        assert cursor.fetchall() == [(*shown, True, date(2024, 2, 1), moment)]


def rendered(model: str) -> str:
    """Return the model as dbt makes it into SQL."""
    macros = (ROOT / "dbt" / "macros" / "texts.sql").read_text()
    return jinja2.Template(macros + model).render(
        utc_timestamp=lambda column: f"({column} at time zone 'UTC')", source=lambda *_: "any_name"
    )
