"""What ops.run_history says of real runs: a whole one, one without news, and one that stopped itself."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.environment import ROOT

HISTORY = """
select batch_id, as_of, version, is_equal, dbt_not_good, decision from ops.run_history order by began_at
"""
# Each figure once more, from its own table.
ROWS = """
select
    count(*), sum(rows_read), sum(rows_inserted + rows_updated), sum(rows_unchanged), sum(rows_deleted),
    sum(rows_quarantined)
from ops.load_runs where stage = 'extract' and batch_id = %s
"""
TOLD_ROWS = """
select loads, rows_read, rows_loaded, rows_unchanged, rows_deleted, rows_quarantined
from ops.run_history where batch_id = %s
"""
DBT = "select count(*), sum(seconds) from ops.dbt_runs where batch_id = %s"
TOLD_DBT = "select dbt_nodes, dbt_seconds from ops.run_history where batch_id = %s"
TIMES = """
select began_at, ended_at from (
    select min(started_at) from ops.load_runs where batch_id = %(run)s
) as loads (began_at)
cross join lateral (
    select greatest(
        (select max(started_at + seconds * interval '1 second') from ops.load_runs where batch_id = %(run)s),
        (select max(generated_at) from ops.dbt_runs where batch_id = %(run)s),
        (select max(planned_at) from ops.plans where batch_id = %(run)s),
        (select max(checked_at) from ops.reconciliations where batch_id = %(run)s),
        (select max(published_at) from ops.publications where batch_id = %(run)s)
    )
) as ends (ended_at)
"""
TOLD_TIMES = "select began_at, ended_at from ops.run_history where batch_id = %s"
DRIFT = "alter table public.users add column nickname text"


@pytest.fixture
def pipeline(platform, dag_environment, monkeypatch):
    dag_environment(platform.env)
    monkeypatch.setenv("GENERATE_DEFECTS", "0.05")
    return DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]


def test_history_says_what_the_tables_of_each_run_say(pipeline, platform, monkeypatch):
    # With so many rejected rows a person would be asked, and nobody is there.
    conf = {"quality_gate": "warn"}
    first = pipeline.test(logical_date=datetime(2024, 3, 5, tzinfo=UTC), run_conf=conf).run_id
    platform.query("app", DRIFT)
    second = pipeline.test(logical_date=None, run_conf=conf | {"as_of": "2024-03-05"}).run_id
    # Most rows are broken now: the seed stops itself, and leaves what it rejected.
    monkeypatch.setenv("GENERATE_DEFECTS", "0.9")
    third = pipeline.test(logical_date=None, run_conf=conf | {"as_of": "2024-03-06"}).run_id
    assert platform.query("elt_loader", HISTORY) == [
        (first, date(2024, 3, 5), 1, True, 0, "publish"),
        (second, date(2024, 3, 5), None, True, 0, None),
        (third, date(2024, 3, 6), None, None, 0, None),
    ]
    for run in (first, second):
        (rows,), (told,) = (platform.query("elt_loader", query, run) for query in (ROWS, TOLD_ROWS))
        assert told == tuple(map(int, rows))
        assert told[1] == told[2] + told[3] + told[5]
        (times,) = platform.query("elt_loader", TIMES.replace("%(run)s", f"'{run}'"))
        assert platform.query("elt_loader", TOLD_TIMES, run) == [times]
    assert platform.query("elt_loader", TOLD_ROWS, third) == [(0,) * 6]
    assert platform.query("elt_loader", DBT, first) == platform.query("elt_loader", TOLD_DBT, first)
    changes = "select schema_changes from ops.run_history where batch_id = %s"
    assert [platform.query("elt_loader", changes, run)[0][0] for run in (first, second)] == [0, 1]
    # Who builds the star may look too.
    assert platform.query("dbt_transformer", "select count(*) from ops.run_history") == [(3,)]


def test_each_figure_has_its_place(platform):
    platform.query(
        "elt_loader",
        "insert into ops.load_runs (batch_id, as_of, stage, table_name, started_at, seconds, rows_read,"
        " rows_inserted, rows_updated, rows_unchanged, rows_quarantined, rows_deleted)"
        " values ('run', '2024-03-05', 'extract', 'a', '2024-03-05 06:00Z', 1, 15, 1, 2, 4, 8, 16),"
        " ('run', '2024-03-05', 'extract', 'b', '2024-03-05 06:01Z', 2.5, 1, 1, 0, 0, 0, 0),"
        " ('run', '2024-03-05', 'seed', 'a', '2024-03-05 05:59Z', 1, 32, 32, 0, 0, 0, 0)",
    )
    assert platform.query("elt_loader", TOLD_ROWS, "run") == [(2, 16, 4, 4, 16, 8)]
    assert platform.query("elt_loader", "select seconds from ops.run_history") == [(Decimal("122.500"),)]


def test_only_the_newest_result_of_a_node_counts(platform):
    platform.query(
        "elt_loader",
        "insert into ops.dbt_runs (invocation_id, unique_id, batch_id, resource_type, status, seconds,"
        " generated_at) values ('a', 'model.x.one', 'run', 'model', 'error', 1, '2024-03-05 06:00Z'),"
        " ('a', 'model.x.two', 'run', 'model', 'success', 2, '2024-03-05 06:00Z'),"
        " ('b', 'model.x.one', 'run', 'model', 'success', 3, '2024-03-05 06:05Z')",
    )
    told = "select dbt_nodes, dbt_not_good, dbt_seconds, seconds from ops.run_history"
    assert platform.query("elt_loader", told) == [(2, 0, 5, 300)]
