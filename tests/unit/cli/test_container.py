"""What a container of Airflow gets from its secrets."""

from pathlib import Path

import pytest
import yaml
from pymongo.errors import OperationFailure

from cli.container import make_mongo_users, read_secrets, variables_for
from include.environment import ROOT, airflow_variables, connections


def test_secrets_are_files_named_like_their_variables(tmp_path: Path) -> None:
    (tmp_path / "ELT_LOADER_PASSWORD").write_text("it's #1 $x ")
    (tmp_path / "AIRFLOW_JWT_SECRET").write_text("abc")
    (tmp_path / "..data").mkdir()
    secrets = {"ELT_LOADER_PASSWORD": "it's #1 $x ", "AIRFLOW_JWT_SECRET": "abc"}
    assert read_secrets(tmp_path) == secrets


def test_container_that_runs_tasks_gets_the_connections(env: dict[str, str]) -> None:
    assert variables_for(env).items() >= connections(env).items()


def test_container_that_runs_no_task_starts_without_the_pipelines_secrets(env: dict[str, str]) -> None:
    of_airflow = {name: value for name, value in env.items() if name.startswith("AIRFLOW_")}
    variables = variables_for(of_airflow)
    assert variables.items() >= airflow_variables(env).items()
    assert not [name for name in variables if name.startswith(("AIRFLOW_CONN_", "DBT_"))]


def test_containers_that_tell_people_know_the_receivers_and_no_others(env: dict[str, str]) -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    having = {name for name, service in services.items() if "ALERT_URLS" in service.get("secrets", [])}
    tasks = {"airflow-scheduler", "airflow-worker-default", "airflow-worker-heavy"}
    assert having == {*tasks, "airflow-dag-processor"}
    assert [
        name for name, service in services.items() if "ALERT_URLS" in service.get("environment", {})
    ] == []
    of_airflow = {name: value for name, value in env.items() if name.startswith("AIRFLOW_")}
    assert variables_for(of_airflow | {"ALERT_URLS": "json://x"})["ALERT_URLS"] == "json://x"
    # Empty, as Compose gives a secret without a value.
    for silent in (of_airflow, of_airflow | {"ALERT_URLS": ""}):
        assert "ALERT_URLS" not in variables_for(silent)


def test_password_of_mongodbs_root_that_changed_ends_with_what_to_do(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationFailure("Authentication failed.", 18)

    monkeypatch.setattr("include.schema.mongo_users.create_mongo_users", refuse)
    with pytest.raises(SystemExit, match=r"does not take MONGO_ROOT_PASSWORD of \.env.* Put that one back"):
        make_mongo_users(env)


def test_what_else_mongodb_refuses_is_not_taken_for_a_password(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationFailure("not master", 10107)

    monkeypatch.setattr("include.schema.mongo_users.create_mongo_users", refuse)
    with pytest.raises(OperationFailure, match="not master"):
        make_mongo_users(env)
