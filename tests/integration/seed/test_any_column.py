"""A column of a file that the platform seeds may have any name but those of the seed itself."""

import pytest

from include.schema.ddl import create_source_tables
from include.specs import PLAYED_STAMPS, SEED_NAMES, Column, PostgresTable
from tests.integration.helpers.loads import counts
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.own_sources.our_words import keywords, our_names, our_words
from tests.integration.own_sources.random_tables import quoted

TABLES = 4
TYPES = ("numeric", "text", "bigint", "date", "integer")
VALUES = {"text": "text {}", "date": "2024-02-0{}"}


@pytest.mark.parametrize("part", range(TABLES))
def test_columns_of_any_name_are_seeded(
    own_pipeline: Pipeline, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {*our_words(), *keywords(own_pipeline.loader)} - SEED_NAMES - {*PLAYED_STAMPS}
    follow(own_pipeline, played(f"words_{part}", sorted(words)[part::TABLES]), monkeypatch)


def test_keys_have_names_of_ours(own_pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sorted({*our_names()} - SEED_NAMES):
        follow(own_pipeline, played(f"key_{name}", [name, "amount"]), monkeypatch)


def played(name: str, names: list[str]) -> PostgresTable:
    """Return a table that the platform seeds: the first name is that of its key."""
    columns = [Column(names[0], "text", required=True)]
    for number, column in enumerate(names[1:]):
        type_ = TYPES[number % len(TYPES)]
        columns.append(Column(column, type_, minimum=0 if type_ == "numeric" else None))
    return PostgresTable(name=name, key=(names[0],), columns=tuple(columns), file=f"{name}.csv")


def follow(pipeline: Pipeline, table: PostgresTable, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seed the table and change its file; compare all values."""
    monkeypatch.setattr("include.schema.ddl.PLAYED_TABLES", (table,))
    create_source_tables(pipeline.app)
    key = table.columns[0].name
    rows = {n: [VALUES.get(c.type, "{}").format(n) for c in table.columns] for n in range(1, 6)}

    def seed(*numbers: int) -> dict[str, int]:
        pipeline.write_csv(table, [",".join(rows[number]) for number in numbers], header=header(table))
        found = counts(pipeline.seed(table, pipeline.batch(f"{table.name} {numbers}")))
        shown = ", ".join(f"{quoted(column.name)}::text" for column in table.columns)
        order = f"order by {quoted(key)}"
        held = [list(row.values()) for row in pipeline.source(f"select {shown} from {table.name} {order}")]
        assert held == [rows[number] for number in sorted({*numbers}) if rows[number][1] != "-1"]
        return found

    assert seed(1, 2, 3) == {"read": 3, "inserted": 3}
    rows[2] = [rows[2][0], *rows[4][1:]]
    assert seed(2, 3, 4) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1, "deleted": 1}
    assert seed(2, 3, 4, 4) == {"read": 4, "unchanged": 3, "quarantined": 1}
    rows[5][1] = "-1"
    assert seed(2, 3, 4, 5) == {"read": 4, "unchanged": 3, "quarantined": 1}
    rejected = pipeline.quarantine()[-1]
    assert (rejected["column_name"], rejected["value"]) == (table.columns[1].name, "-1")


def header(table: PostgresTable) -> str:
    return ",".join(column.name for column in table.columns)
