"""The tables of ops and quarantine reach their newest shape, from nothing and from every older shape."""

import shutil

import psycopg2
import pytest

from cli import CommandError, warehouse
from cli.quarantine import print_quarantine
from include.environment import ROOT
from include.rules.reasons import SENTENCES, sentence
from include.schema.ddl import create_warehouse_tables
from include.schema.migrations import FOLDER, migrate
from include.transaction import transaction

ALL = sorted(path.stem for path in FOLDER.glob("*.sql"))
REJECTED = """
insert into quarantine.rejected_rows (
    batch_id, as_of, stage, table_name, source_name, position, reason, row_text
) values ('old', '2024-09-01', 'seed', 'users', 'users.csv', %s, %s, '')
"""
DETAILS = {"wrong_type": ("text", "a list"), "field_count": (3, 8)}

# The rules that there were before rows had codes: later ones never stood in quarantine without.
CODED = [rule for rule in SENTENCES if f"then '{rule}'" in (FOLDER / f"{ALL[2]}.sql").read_text()]


@pytest.fixture
def old(own_pipeline, tmp_path):
    """Return a warehouse as it was before migrations had numbers, with rows in quarantine."""
    pipeline = own_pipeline
    pipeline.warehouse("drop schema ops cascade; drop schema quarantine cascade")
    for schema in ("ops", "quarantine"):
        pipeline.platform.query("admin", f"create schema {schema} authorization elt_loader")
    first = FOLDER / f"{ALL[0]}.sql"
    pipeline.warehouse(first.read_text().replace("%", "%%"))
    for number, rule in enumerate(CODED):
        pipeline.warehouse(REJECTED, str(number), sentence(rule, *DETAILS.get(rule, ("x",))))
    pipeline.warehouse(REJECTED, "999", "was once told otherwise")
    return pipeline


def test_names_are_numbered_without_gaps():
    assert [int(name.partition("_")[0]) for name in ALL] == list(range(1, len(ALL) + 1))
    assert len(ALL) >= 3


def test_new_warehouse_has_every_migration_applied_once(own_pipeline):
    applied = own_pipeline.warehouse("select name, applied_at from ops.migrations order by name")
    assert [row["name"] for row in applied] == ALL
    create_warehouse_tables(own_pipeline.loader)
    assert own_pipeline.warehouse("select name, applied_at from ops.migrations order by name") == applied


def test_rows_from_before_there_were_codes_get_theirs(old):
    create_warehouse_tables(old.loader)
    rules = [
        row["rule"]
        for row in old.warehouse("select rule from quarantine.rejected_rows order by position::int")
    ]
    assert rules == [*CODED, "unknown"]
    assert len(CODED) == 23
    assert [row["name"] for row in old.warehouse("select name from ops.migrations order by 1")] == ALL


def test_migration_that_fails_leaves_the_shape_that_was(old, tmp_path):
    for path in FOLDER.glob("*.sql"):
        shutil.copy(path, tmp_path)
    (tmp_path / "9999_broken.sql").write_text("create table ops.half (a int); select 1 / 0")
    with pytest.raises(psycopg2.errors.DivisionByZero), transaction(old.loader) as cursor:
        migrate(cursor, tmp_path)
    assert old.warehouse("select to_regclass('ops.half') as half, to_regclass('ops.migrations') as list") == [
        {"half": None, "list": None}
    ]
    create_warehouse_tables(old.loader)
    assert len(old.warehouse("select * from ops.migrations")) == len(ALL)


def test_commands_on_an_older_warehouse_ask_for_a_run(old, monkeypatch):
    monkeypatch.setattr(warehouse, "SECRETS", ROOT)
    monkeypatch.setattr(warehouse, "with_secrets", lambda: old.platform.env)
    with (
        pytest.raises(CommandError, match="one run of the pipeline"),
        warehouse.warehouse("elt_loader") as loader,
    ):
        print_quarantine(loader)
    create_warehouse_tables(old.loader)
    with warehouse.warehouse("elt_loader") as loader:
        print_quarantine(loader)
