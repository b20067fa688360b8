"""Runs of the whole DAG as the form asks for them: some tables, a folder of the inbox, other sizes."""

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.environment import ROOT
from include.generate import ANCHOR, Size, write_files

LIVE = """
select
    (select count(*) from raw.postgres_users where _deleted_at is null),
    (select count(*) from raw.postgres_viewing_sessions where _deleted_at is null),
    (select count(*) from raw.mongo_movies where _deleted_at is null)
        + (select count(*) from raw.mongo_series where _deleted_at is null)
"""
COMPARED = """
select array_agg(distinct table_name order by table_name), bool_and(is_equal)
from ops.reconciliations where batch_id = %s
"""
SIZES = {"users": 30, "titles": 9, "sessions": 200, "seed": 7, "allow_mass_deletion": True}


@pytest.fixture
def trigger(platform, dag_environment, monkeypatch, tmp_path):
    """Return a function that runs the DAG with a configuration, and fails unless the run succeeds."""
    dag_environment(platform.env)
    monkeypatch.setenv("INBOX_ROOT", str(tmp_path / "inbox"))

    def run(**conf):
        # Parsed anew, as each task does: a DAG object keeps the parameters of its last run.
        pipeline = DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]
        done = pipeline.test(logical_date=None, run_conf={"quality_gate": "warn", **conf})
        assert str(done.state) == "success", done.get_task_instances()
        return done

    return run


def test_table_that_the_run_does_not_bring_keeps_its_state(trigger, platform, capfd):
    trigger(as_of="2024-03-05")
    users, sessions, titles = platform.query("elt_loader", LIVE)[0]
    run = trigger(as_of="2024-08-05", tables=["users"])
    states = {task.rendered_map_index: str(task.state) for task in run.get_task_instances()}
    assert (states["users"], states["viewing_sessions"], states["content"]) == (
        "success",
        "skipped",
        "skipped",
    )
    out = capfd.readouterr().out
    for table in ("viewing_sessions", "content"):
        assert f"The run brings other tables (parameter tables): raw keeps {table}" in out
    more, *others = platform.query("elt_loader", LIVE)[0]
    assert more > users
    assert others == [sessions, titles]
    assert platform.query("elt_loader", COMPARED, run.run_id) == [(["postgres_users"], True)]
    assert platform.query("bi_reader", "select count(*) from trusted.fct_viewing_sessions") == [(sessions,)]
    # What was left out is brought by the next run that names it, or nothing.
    trigger(as_of="2024-08-05")
    same, *others = platform.query("elt_loader", LIVE)[0]
    assert same == more
    assert others > [sessions, titles]


def test_one_table_alone_can_be_the_first_that_is_brought(trigger, platform):
    trigger(as_of="2024-03-05", tables=["content"])
    users, sessions, titles = platform.query("elt_loader", LIVE)[0]
    assert (users, sessions) == (0, 0)
    assert titles > 0
    query = "select count(*) from trusted.dim_content where is_available and not is_inferred"
    assert platform.query("bi_reader", query) == [(titles,)]


def test_relative_folder_is_one_of_the_inbox_whatever_its_name(trigger, platform, tmp_path):
    name = "it's; touch broken $(touch broken) `touch broken`"
    write_files(tmp_path / "inbox" / name, as_of=ANCHOR, seed=1, size=Size(users=25, titles=5, sessions=100))
    trigger(data_dir=name)
    assert platform.query("elt_loader", LIVE)[0][0] == 25
    assert list(tmp_path.rglob("broken")) == list(ROOT.glob("broken")) == []


def test_sizes_of_the_run_are_for_this_run_only(trigger, platform):
    trigger(as_of="2024-09-01", **SIZES)
    assert platform.query("elt_loader", LIVE)[0][0] == 30
    trigger(as_of="2024-09-01", allow_mass_deletion=True)
    assert platform.query("elt_loader", LIVE)[0][0] == 40
