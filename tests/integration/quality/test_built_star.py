"""The star that dbt builds beside raw, over days with defects; and how a star is mended that lost a row."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from include import quality
from include.errors import DataQualityError
from include.generate import ANCHOR, Size, write_files
from include.publish.schema_marker import NEXT
from include.quality.star_mapping import STAR
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import build_next, load_everything
from tests.warm_dbt import start_dbt

SIZE = Size(users=60, titles=20, sessions=900)


def _day(number: int) -> Batch:
    return Batch(f"day {number}", ANCHOR + timedelta(days=number))


def _write(folder: Path, batch: Batch, without: int) -> None:
    """Write the day's files, less the first `without` rows of each table and kind of title."""
    folder.mkdir()
    write_files(folder, as_of=batch.as_of, seed=7, size=SIZE, defects=0.05)
    for name in ("users.csv", "viewing_sessions.csv"):
        header, *lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text(header + "".join(lines[without:]))
    content = json.loads((folder / "content.json").read_text())
    less = {kind: titles[without:] for kind, titles in content.items()}
    (folder / "content.json").write_text(json.dumps(less))


def _reconcile(platform: Platform, batch: Batch) -> list[dict]:
    sources = {
        "source_postgres": platform.connect("elt_reader"),
        "source_mongo": platform.mongo("elt_reader"),
    }
    warehouse = (platform.connect("elt_loader"), platform.connect("dbt_transformer"))
    return quality.reconcile_sources(quality.Servers(sources, *warehouse), batch, schema=NEXT)


def _build(platform: Platform, folder: Path, batch: Batch, *options: str) -> None:
    done = build_next(platform, folder, *options, batch=batch)
    assert done.returncode == 0, done.stdout[-5000:]


def _find_a_session_of_another_device(platform: Platform, folder: Path) -> None:
    """See that dbt finds a session with a name that raw does not give it, and restore it."""
    exchange = (
        "update trusted_next.fct_viewing_sessions as fact set device_key = ("
        " select max(device_key) from trusted_next.dim_devices where device_key != fact.device_key)"
        " where session_id = (select max(session_id) from trusted_next.fct_viewing_sessions)"
    )
    test = ["test", "--select", "assert_sessions_say_what_staging_says"]

    def failures() -> str:
        return start_dbt(*test, settings=platform.dbt_env(), work_dir=folder).communicate()[0]

    assert "Completed successfully" in failures()
    held = "select device_key from trusted_next.fct_viewing_sessions order by session_id desc limit 1"
    ((key,),) = platform.query("dbt_transformer", held)
    platform.query("dbt_transformer", exchange)
    assert platform.query("dbt_transformer", held) != [(key,)]
    assert "Got 1 result, configured to fail if != 0" in failures()
    platform.query(
        "dbt_transformer",
        f"update trusted_next.fct_viewing_sessions set device_key = {key}"
        " where session_id = (select max(session_id) from trusted_next.fct_viewing_sessions)",
    )
    assert "Completed successfully" in failures()


def test_star_of_every_day_equals_raw_until_it_loses_a_row(platform, tmp_path):
    for number in (0, 5):
        folder, batch = tmp_path / str(number), _day(number)
        _write(folder, batch, without=number)
        load_everything(platform, folder, batch, dataset="generated")
        _build(platform, tmp_path, batch)
        assert min(row["rows"] for row in _reconcile(platform, batch)) > 0
    compared = (
        "select table_name, count(*) from ops.reconciliations where trusted_value is not null group by 1"
    )
    assert dict(platform.query("elt_loader", compared)).keys() == STAR.keys()
    deleted = "select table_name, sum(rows_deleted) > 0 from ops.load_runs where stage = 'extract' group by 1"
    assert {name for name, is_any in platform.query("elt_loader", deleted) if is_any} >= STAR.keys()

    _find_a_session_of_another_device(platform, tmp_path)

    lost = platform.query(
        "dbt_transformer",
        "delete from trusted_next.fct_viewing_sessions"
        " where session_id = (select max(session_id) from trusted_next.fct_viewing_sessions)"
        " returning session_id",
    )
    with pytest.raises(DataQualityError) as caught:
        _reconcile(platform, _day(6))
    assert f"{lost[0][0]} (missing in trusted_next.fct_viewing_sessions)" in str(caught.value)

    # The way out, as the message gives it; dbt's own tests would stop here while the row is missing.
    assert "trigger the pipeline with mode full refresh" in str(caught.value)
    _build(platform, tmp_path, _day(6), "--full-refresh")
    _reconcile(platform, _day(6))
