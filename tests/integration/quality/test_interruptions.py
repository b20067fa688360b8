"""Comparisons and loads that are killed or meet each other, and what people are shown of the last one."""

import psycopg2
import pytest

from cli.reconcile import print_last_run
from include.errors import DataQualityError
from include.extract_load.raw import lock_loads
from include.quality import reconcile as reconcile_module
from tests.integration.quality.comparison import (
    TABLES,
    compare,
    load,
    publish,
    reconcile,
    tamper,
)
from tests.product import USERS


def test_load_that_is_killed_leaves_the_figures_of_what_raw_holds(loaded, killed):
    loaded.source("delete from users where user_id = 'U1'")
    with killed("extract_load.loading"), pytest.raises(psycopg2.OperationalError):
        load(loaded)
    assert reconcile(loaded) == TABLES


def test_comparison_that_is_killed_records_nothing_and_is_tried_again(loaded, monkeypatch):
    def stage(*_):
        raise psycopg2.OperationalError("the worker was killed")

    with monkeypatch.context() as patch:
        patch.setattr("include.extract_load.mongo.stage", stage)
        with pytest.raises(psycopg2.OperationalError):
            reconcile(loaded)
    assert loaded.warehouse("select * from ops.reconciliations") == []
    assert reconcile(loaded) == TABLES


def test_load_waits_until_its_table_is_compared(loaded, monkeypatch, in_background):
    publish(loaded)
    other = loaded.platform.connect("elt_loader")

    def begins_to_load(*arguments):
        with other.cursor() as cursor:
            cursor.execute("set lock_timeout = 100")
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                lock_loads(cursor, "postgres_users")
        other.rollback()
        return measured(*arguments)

    measured = reconcile_module.remembered_fingerprint
    with monkeypatch.context() as patch:
        patch.setattr(
            reconcile_module,
            "remembered_fingerprint",
            lambda *arguments: begins_to_load(*arguments) if arguments[1] == USERS else measured(*arguments),
        )
        assert compare(loaded) == TABLES
    with other.cursor() as cursor:
        lock_loads(cursor, "postgres_users")


def test_make_reconcile_shows_the_last_run(loaded, capsys):
    assert print_last_run(loaded.loader) == 1
    assert "make demo" in capsys.readouterr().err
    reconcile(loaded)
    tamper(loaded, "update raw.postgres_users set age = 99 where user_id = 'U3'")
    with pytest.raises(DataQualityError):
        compare(loaded, "run 2")
    assert print_last_run(loaded.loader) == 1
    out = capsys.readouterr().out
    assert out.startswith("run 2, ")
    hashes, *sums = [line.split() for line in out.splitlines() if "differs" in line]
    assert (hashes[:2], hashes[-1], len(hashes)) == (["postgres_users", "row_hash"], "differs", 6)
    assert sums == [["postgres_users", "sum(age)", "168", "244", "168", "differs"]]
    assert "trusted" in out.splitlines()[2]
    loaded.warehouse("delete from ops.reconciliations where batch_id = 'run 2'")
    assert print_last_run(loaded.loader) == 0
