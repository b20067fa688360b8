"""What runs of the whole DAG tell Airflow of the raw tables and of the star."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.environment import ROOT
from include.errors import InputError
from include.report import write_kpi_report
from include.tables import raw_tables
from tests.dags.asset_events import events_of

DAY = datetime(2024, 3, 5, tzinfo=UTC)


@pytest.fixture
def pipeline(platform, dag_environment):
    dag_environment(platform.env)
    return DagBag(ROOT / "dags").dags["video_streaming_elt_pipeline"]


def test_run_tells_of_each_raw_table_and_of_the_star_once(pipeline, platform):
    run = pipeline.test(logical_date=DAY)
    events = events_of(run.run_id)
    assert set(events) == {"trusted", *(f"raw.{name}" for name in raw_tables())}
    assert {(name, len(found), found[0][0]) for name, found in events.items()} == {
        (name, 1, "2024-03-05") for name in events
    }
    for name in raw_tables():
        ((_, numbers),) = events[f"raw.{name}"]
        ((live,),) = platform.query(
            "elt_loader", f"select count(*) from raw.{name} where _deleted_at is null"
        )
        assert (numbers["inserted"], numbers["source_rows"]) == (live, live), name
        assert (numbers["batch_id"], numbers["as_of"]) == (run.run_id, "2024-03-05")
    ((_, star),) = events["trusted"]
    ((version, counts),) = platform.query("elt_loader", "select version, row_counts from ops.publications")
    assert (star["version"], star["row_counts"], star["batch_id"]) == (version, counts, run.run_id)


def test_report_of_a_day_is_one_file_however_often_it_is_made(pipeline, platform, tmp_path):
    pipeline.test(logical_date=DAY)
    ((sessions,),) = platform.query(
        "bi_reader",
        "select count(*) from trusted.fct_viewing_sessions where watch_date = '2024-03-05'",
    )
    folder = tmp_path / "data" / "reports"
    report = DagBag(ROOT / "dags").dags["daily_kpi_report"].test(logical_date=None)
    assert str(report.state) == "success"
    (file,) = folder.iterdir()
    assert file.name == "kpi-report-2024-03-05.html"
    html = file.read_text(encoding="utf-8")
    assert f'<p class="value">{sessions}</p>' in html
    file.write_text("half a page")
    done = write_kpi_report(dag_run=SimpleNamespace(partition_key="2024-03-05"))
    assert done == {"report": str(file), "version": 1, "rejected": 0}
    assert [*folder.iterdir()] == [file]
    assert file.read_text(encoding="utf-8") == html
    with pytest.raises(InputError, match="no report of 2024-03-04"):
        write_kpi_report(dag_run=SimpleNamespace(partition_key="2024-03-04"))
    with pytest.raises(InputError, match="'tomorrow' is no day"):
        write_kpi_report(dag_run=SimpleNamespace(partition_key="tomorrow"))


def test_run_that_publishes_nothing_tells_nothing_of_the_star(pipeline):
    pipeline.test(logical_date=DAY)
    again = pipeline.test(logical_date=None, run_conf={"as_of": "2024-03-05"})
    assert str(again.state) == "success"
    events = events_of(again.run_id)
    assert set(events) == {f"raw.{name}" for name in raw_tables()}
    assert {found[0][0] for found in events.values()} == {"2024-03-05"}
    assert {found[0][1]["inserted"] for found in events.values()} == {0}


def test_run_that_stops_tells_of_what_it_loaded_alone(pipeline, monkeypatch):
    monkeypatch.setenv("DBT_PYTHON", "false")
    run = pipeline.test(logical_date=DAY)
    assert str(run.state) == "failed"
    assert set(events_of(run.run_id)) == {f"raw.{name}" for name in raw_tables()}
