"""What `make dagster` tells Dagster."""

from pathlib import Path

import yaml

from cli.dagster import INSTANCE, environment


def test_dagster_knows_no_password_of_an_administrator_and_keeps_its_own_folder(
    env: dict[str, str], tmp_path: Path
) -> None:
    told = environment(tmp_path, env)
    assert env["ELT_LOADER_PASSWORD"] in told["AIRFLOW_CONN_WAREHOUSE"]
    assert not [name for name, value in told.items() if env["POSTGRES_PASSWORD"] in value]
    assert told["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert told["PIPELINE_SCHEDULE"] == ""


def test_dagster_tells_nobody_what_it_does_and_runs_one_run_at_a_time() -> None:
    settings = yaml.safe_load(INSTANCE.read_text(encoding="utf-8"))
    assert settings["telemetry"] == {"enabled": False}
    assert settings["concurrency"] == {"runs": {"max_concurrent_runs": 1}}
