"""Workers that take tasks from Redis: one word in .env switches them on; they get what the scheduler gets."""

from urllib.parse import unquote, urlsplit

import pytest
import yaml

from include.environment import ROOT, airflow_variables, connections

REDIS = {"REDIS_HOST": "redis", "REDIS_PORT": "6379"}
WORKERS = {"default": "airflow-worker-default", "heavy": "airflow-worker-heavy"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


@pytest.mark.parametrize("profiles", ["", "databases", "databases,streaming", "warehouse,celery-flower"])
def test_without_the_profile_airflow_keeps_its_own_executor(env: dict[str, str], profiles: str) -> None:
    made = connections(env | REDIS | {"PROFILES": profiles})
    assert [name for name in made if "CELERY" in name or name.endswith("EXECUTOR")] == []


def test_profile_in_an_env_file_alone_changes_no_airflow_outside_docker(env: dict[str, str]) -> None:
    assert connections(env | {"COMPOSE_PROFILES": "databases,celery"}) == connections(env)


@pytest.mark.parametrize("password", ["abc", "p@ss:w/or'd\"$x%20 #1"])
def test_with_the_profile_tasks_go_through_redis(env: dict[str, str], password: str) -> None:
    made = connections(env | REDIS | {"PROFILES": "databases,celery", "REDIS_PASSWORD": password})
    assert made["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    broker = urlsplit(made["AIRFLOW__CELERY__BROKER_URL"])
    assert (broker.scheme, broker.hostname, broker.port, broker.path) == ("redis", "redis", 6379, "/0")
    assert unquote(broker.password) == password


def test_component_that_neither_sends_nor_takes_tasks_knows_no_password_of_redis(env: dict[str, str]) -> None:
    del env["REDIS_PASSWORD"]
    made = airflow_variables(env | REDIS | {"PROFILES": "celery"})
    assert made["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert "AIRFLOW__CELERY__BROKER_URL" not in made


def test_redis_password_is_where_tasks_are_sent_and_taken(services: dict[str, dict]) -> None:
    having = {name for name, service in services.items() if "REDIS_PASSWORD" in service.get("secrets", [])}
    assert having == {"redis", "airflow-scheduler", *WORKERS.values()}


def test_worker_has_what_tasks_have_in_the_scheduler(services: dict[str, dict]) -> None:
    scheduler = services["airflow-scheduler"]
    for queue, name in WORKERS.items():
        worker = services[name]
        assert worker["command"] == ["airflow", "celery", "worker", "--queues", queue]
        for part in ("image", "environment", "volumes", "secrets", "networks", "stop_grace_period"):
            assert worker[part] == scheduler[part], (name, part)


def test_workers_and_redis_start_with_the_profile_only_and_redis_has_no_port(
    services: dict[str, dict],
) -> None:
    started = {name for name, service in services.items() if "celery" in service.get("profiles", [])}
    assert started == {"redis", *WORKERS.values()}
    assert "ports" not in services["redis"]
    assert services["redis"]["networks"] == ["backend"]
    assert services["redis"]["user"] == "999:999"
    # A scheduler that starts without the profile waits for none.
    assert services["airflow-scheduler"]["depends_on"]["redis"]["required"] is False
