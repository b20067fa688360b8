"""Runs of the whole DAG in one process, on real databases: with a logical date, and with a broken file."""

from datetime import UTC, date, datetime

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.environment import ROOT
from include.nodes import KINDS, is_node, nodes, task_id
from tests.dags.runs import run_without_nodes, states_of
from tests.pipeline import trusted_checksums


@pytest.fixture
def pipeline(platform, dag_environment):
    dag_environment(platform.env)
    return DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]


def _ended_well(run) -> bool:
    states = states_of(run)
    # No workspace of Power BI is set, and nobody is asked.
    left_out = {states.pop(name) for name in ("refresh_power_bi", "approve_publication")}
    return left_out == {"skipped"} and set(states.values()) == {"success"}


def test_run_with_a_logical_date_brings_that_day(pipeline, platform):
    run = run_without_nodes(pipeline, logical_date=datetime(2024, 3, 5, tzinfo=UTC))
    assert _ended_well(run), states_of(run)
    labels = {task.rendered_map_index for task in run.get_task_instances() if task.map_index >= 0}
    assert labels == {"users", "viewing_sessions", "content"}
    (newest, live), *_ = platform.query(
        "elt_loader",
        "select max(watch_date), count(*) from raw.postgres_viewing_sessions where _deleted_at is null",
    )
    assert newest == date(2024, 3, 5)
    assert platform.query("bi_reader", "select count(*) from trusted.fct_viewing_sessions") == [(live,)]
    loads = platform.query("elt_loader", "select distinct batch_id, as_of from ops.load_runs")
    assert loads == [(run.run_id, date(2024, 3, 5))]
    compared = platform.query(
        "elt_loader",
        "select batch_id, source_value, raw_value, trusted_value from ops.reconciliations"
        " where table_name = 'postgres_viewing_sessions' and measure = 'rows'",
    )
    assert compared == [(run.run_id, live, live, live)]
    dbt = platform.query("elt_loader", "select batch_id, count(*) > 50 from ops.dbt_runs group by 1")
    assert dbt == [(run.run_id, True)]
    published = platform.query(
        "elt_loader",
        "select version, batch_id, as_of, (row_counts ->> 'fct_viewing_sessions')::bigint"
        " from ops.publications",
    )
    assert published == [(1, run.run_id, date(2024, 3, 5), live)]


def test_second_run_of_a_day_builds_nothing_and_readers_keep_their_star(pipeline, platform, caplog, capfd):
    first = run_without_nodes(pipeline, logical_date=datetime(2024, 3, 5, tzinfo=UTC))
    before = _seen(platform)
    again = run_without_nodes(pipeline, logical_date=None, run_conf={"as_of": "2024-03-05"})
    states = states_of(again)
    assert str(again.state) == "success"
    left_out = ("transform_with_dbt", "refresh_power_bi", "approve_publication")
    assert {states.pop(name) for name in left_out} == {"skipped"}
    assert set(states.values()) == {"success"}, states
    version = f"version 1 (as of 2024-03-05, run {first.run_id})"
    assert f"Nothing new in raw since {version}: readers keep it" in capfd.readouterr().out
    assert f"Run {again.run_id} had nothing to build: readers keep {version}" in caplog.messages
    assert _seen(platform) == before
    assert platform.query("elt_loader", "select version, batch_id from ops.publications") == [
        (1, first.run_id)
    ]
    compared = "select count(*) > 0, bool_and(is_equal) from ops.reconciliations where batch_id = %s"
    assert platform.query("elt_loader", compared, again.run_id) == [(True, True)]
    refreshed = run_without_nodes(
        pipeline, logical_date=None, run_conf={"as_of": "2024-03-05", "mode": "full refresh"}
    )
    assert _ended_well(refreshed)
    assert platform.query("elt_loader", "select max(version) from ops.publications") == [(2,)]
    later = run_without_nodes(pipeline, logical_date=datetime(2024, 3, 6, tzinfo=UTC))
    assert _ended_well(later)
    assert platform.query("elt_loader", "select max(version) from ops.publications") == [(3,)]


def test_broken_rule_leaves_readers_the_star_they_have(pipeline, platform, monkeypatch):
    assert str(run_without_nodes(pipeline, logical_date=datetime(2024, 3, 5, tzinfo=UTC)).state) == "success"
    before = _seen(platform)
    # The loader would set it aside: it comes right after the load.
    platform.query(
        "elt_loader",
        "create function ops.poison() returns trigger language plpgsql as $$ begin"
        " update raw.postgres_viewing_sessions set completion_percentage = 150, _loaded_at = now()"
        " where session_id = (select min(session_id) from raw.postgres_viewing_sessions"
        " where _deleted_at is null);"
        " return null; end $$;"
        "create trigger poison after insert on ops.load_runs for each row"
        " when (new.table_name = 'postgres_viewing_sessions') execute function ops.poison()",
    )
    # Here all of dbt's nodes count.
    monkeypatch.setattr("dags.pipeline.nodes.nodes", nodes)
    pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
    monkeypatch.setattr(pipeline.get_task("transform_with_dbt"), "retries", 0)
    # Nobody can show the nodes here, so that Airflow runs their tasks.
    run = pipeline.test(logical_date=datetime(2024, 3, 6, tzinfo=UTC))
    states = states_of(run)
    assert str(run.state) == "failed"
    assert states["transform_with_dbt"] == "failed"
    assert states["publish_trusted"] == "upstream_failed"
    assert states["report_run"] == "success"
    failed = platform.query(
        "elt_loader", "select unique_id, failures from ops.dbt_runs where status = 'fail'"
    )
    assert [("completion_percentage" in test, rows) for test, rows in failed] == [(True, 1)]
    shown = {task.task_id: str(task.state) for task in run.get_task_instances()}
    results = platform.query(
        "elt_loader", "select unique_id, status from ops.dbt_runs where batch_id = %s", run.run_id
    )
    states = {"success": "success", "pass": "success", "fail": "failed", "skipped": "skipped"}
    told = {task_id(node): states[status] for node, status in results if node.startswith(KINDS)}
    assert {task: state for task, state in shown.items() if is_node(task)} == told
    assert set(told.values()) == set(states.values())
    assert _seen(platform) == before


def _seen(platform) -> tuple:
    """Return what readers see, and in which files on disk it lies."""
    files = (
        "select relname, relfilenode from pg_class where relnamespace = 'trusted'::regnamespace order by 1"
    )
    return trusted_checksums(platform), platform.query("admin", files)


def test_broken_file_fails_at_once_and_leaves_nothing_behind(pipeline, platform, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "users.csv").write_text("user_id,age\nU1,20\n")
    (tmp_path / "own" / "viewing_sessions.csv").write_text("")
    (tmp_path / "own" / "content.json").write_text("{")
    run = run_without_nodes(pipeline, logical_date=None, run_conf={"data_dir": str(tmp_path / "own")})
    states = states_of(run)
    assert str(run.state) == "failed"
    assert states["load_csvs_to_postgres"] == states["load_json_to_mongodb"] == "failed"
    later = ("transform_with_dbt", "reconcile_sources", "publish_trusted")
    assert {states[task] for task in later} == {"upstream_failed"}
    assert states["report_run"] == "success"
    # Trying again cannot mend a file.
    assert max(task.try_number for task in run.get_task_instances()) == 1
    assert platform.query("elt_reader", "select count(*) from public.users") == [(0,)]


def test_setting_that_nobody_reads_stops_the_run_before_anything_is_made(pipeline, platform):
    run = run_without_nodes(pipeline, logical_date=None, run_conf={"AS_OF": "2024-03-05"})
    states = states_of(run)
    assert str(run.state) == "failed"
    roots = ("generate_source_files", "create_postgres_tables", "create_mongodb_collections")
    assert {states[task] for task in roots} == {"failed"}
    assert max(task.try_number for task in run.get_task_instances()) == 1
    assert platform.query("elt_loader", "select count(*) from ops.load_runs") == [(0,)]
