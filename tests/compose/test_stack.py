"""`make up` from a clean copy: what runs, what it computes, who may read it, and what survives.

Scenario: a day with the stack, in this order. Run alone, a test brings the stack up and performs `first_run`,
which is all that it needs of the tests before it. The last test takes the stack away.
"""

import os
import re
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date

import certifi
import psycopg2
import pytest
import requests
from psycopg2.extensions import connection as Connection

from include.libpq import connect
from include.logins import find_login
from include.run import Batch
from include.seed.files import prepare_files
from include.settings import read_settings
from tests.compose.conftest import SIZES, docker
from tests.pipeline import dbt_build, load_everything, today, trusted_checksums

DAY = "2024-09-01"
ONE_SHOTS = {"postgres-roles", "mongo-users", "airflow-init"}
LASTING = {
    "source-postgres",
    "warehouse",
    "mongodb",
    "airflow-db",
    "airflow-apiserver",
    "airflow-scheduler",
    "airflow-dag-processor",
    "dashboard",
    "inbox",
}
FORGET = "comment on table users is null; comment on table viewing_sessions is null; truncate seed_state"
READS_RAW = """
import psycopg2
from dashboard.settings import read_settings
try:
    psycopg2.connect(**read_settings().warehouse).cursor().execute("select 1 from raw.postgres_users")
except psycopg2.Error as error:
    print(str(error).splitlines()[0])
"""
COMPOSE = ("docker", "compose", "--env-file", "/dev/null", "--profile", "*")
STREAMED = """
select (select count(*) from raw.kafka_playback_events), (select sum(end_offset) from ops.kafka_partitions)
"""
SPECIAL = "p@ss:w/or'd\"$x%20 #1"


@pytest.fixture(scope="module")
def first_run(stack):
    return stack.make("run", f"AS_OF={DAY}")


def test_everything_is_healthy_and_only_three_ports_are_open_on_loopback(stack):
    containers = stack.containers()
    assert containers.keys() == LASTING | ONE_SHOTS
    assert {containers[name]["State"]["Health"]["Status"] for name in LASTING} == {"healthy"}
    assert {containers[name]["State"]["ExitCode"] for name in ONE_SHOTS} == {0}
    bindings = [
        binding["HostIp"] + ":" + binding["HostPort"]
        for container in containers.values()
        for published in (container["HostConfig"]["PortBindings"] or {}).values()
        for binding in published
    ]
    ports = (stack.env[f"{name}_PORT"] for name in ("AIRFLOW", "WAREHOUSE", "DASHBOARD"))
    assert sorted(bindings) == sorted(f"127.0.0.1:{port}" for port in ports)


def test_no_container_is_root_or_may_become_it(stack):
    for name, container in stack.containers().items():
        assert container["Config"]["User"].partition(":")[0] not in {"", "0", "root"}, name
        assert container["HostConfig"]["CapDrop"] == ["ALL"], name
        assert container["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"], name
        assert container["HostConfig"]["Memory"] > 0, name


def test_no_secret_is_in_the_configuration_or_in_a_containers_settings(stack):
    settings = stack.env.items()
    secrets = [value for name, value in settings if value and name.endswith(("_PASSWORD", "_SECRET", "_KEY"))]
    assert len(secrets) >= 14
    config = stack.make("--no-print-directory", "ps") + docker(
        "inspect", *(c["Id"] for c in stack.containers().values())
    )
    assert [secret for secret in secrets if secret in config] == []
    assert oct((stack.folder / ".env").stat().st_mode)[-3:] == "600"


def test_dashboard_shows_the_star_and_holds_no_credentials_but_those_of_bi_reader(stack, first_run):
    url = f"http://127.0.0.1:{stack.env['DASHBOARD_PORT']}"
    deadline = time.monotonic() + 60
    while requests.get(f"{url}/publication", timeout=10).json()["version"] is None:
        assert time.monotonic() < deadline, docker("logs", stack.containers()["dashboard"]["Id"])
        time.sleep(1)
    page = requests.get(f"{url}/users", timeout=10).text
    assert 'data-metric="active_users"' in page
    container = stack.containers()["dashboard"]["Id"]
    assert docker("exec", container, "ls", "/run/secrets").split() == ["BI_READER_PASSWORD"]
    assert "PASSWORD" not in docker("exec", container, "env")
    refused = docker("exec", container, "python3", "-c", READS_RAW)
    assert refused == "permission denied for schema raw\n"


def test_pages_of_the_dashboard_are_written_into_a_folder_of_ours(stack, first_run, tmp_path):
    folder = tmp_path / "my pages"
    assert f"{folder}/index.html" in stack.make("export", f"OUT={folder}")
    assert 'data-metric="active_users"' in (folder / "index.html").read_text()
    assert {path.stat().st_uid for path in (folder, *folder.rglob("*"))} == {os.geteuid()}


def test_next_daily_run_is_listed(stack):
    url = f"http://127.0.0.1:{stack.env['AIRFLOW_PORT']}"
    login = {"username": "admin", "password": stack.env["AIRFLOW_UI_PASSWORD"]}
    token = requests.post(f"{url}/auth/token", json=login, timeout=30).json()["access_token"]
    dag = requests.get(
        f"{url}/api/v2/dags/video_streaming_elt_pipeline",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).json()
    assert dag["is_paused"] is False
    assert dag["next_dagrun_run_after"].endswith("T00:00:00Z")


def test_run_makes_the_same_star_as_the_embedded_databases(stack, first_run, warehouse, tmp_path):
    assert "fct_viewing_sessions" in first_run
    settings = read_settings(SIZES | {"DATA_ROOT": str(tmp_path / "data")})
    batch: Batch = today("embedded")
    files = prepare_files(settings, batch.as_of)
    load_everything(warehouse, files.folder, batch, files.dataset)
    dbt_build(warehouse, tmp_path)
    expected = trusted_checksums(warehouse)
    assert expected["fct_viewing_sessions"][0] > 5_000
    assert trusted_checksums(stack.warehouse) == expected


def test_bi_reader_reads_trusted_and_nothing_else(stack, first_run):
    warehouse = stack.warehouse
    assert warehouse.query("bi_reader", "select count(*) > 0 from trusted.dim_users") == [(True,)]
    for schema in (
        "raw.postgres_users",
        "ops.load_runs",
        "quarantine.rejected_rows",
        "staging.stg_mongo__movies",
        "trusted_next.dim_users",
        "trusted_previous.dim_users",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            warehouse.query("bi_reader", f"select * from {schema}")
    for statement in (
        "delete from trusted.dim_users",
        "create table trusted.mine (a int)",
        "create schema mine",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            warehouse.query("bi_reader", statement)
    for database in ("postgres", "template1"):
        warehouse.env["WAREHOUSE_DB"] = database
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            warehouse.connect("bi_reader")


def test_make_sql_asks_the_stack(stack, first_run):
    assert stack.make("sql", "Q=select 40 + 2 as answer").splitlines() == ["answer", "42"]
    assert "permission denied" in stack.make("sql", "Q=select * from ops.load_runs", check=False)
    assert stack.make("sql", "AS=admin", "Q=select count(*) > 0 as t from ops.load_runs").splitlines() == [
        "t",
        "t",
    ]


def test_loads_are_compared_and_rejected_rows_tried_again(stack, first_run):
    compared = stack.make("reconcile")
    assert "postgres_viewing_sessions   rows " in compared
    assert "differs" not in compared
    assert "Nothing is in quarantine" in stack.make("quarantine")
    assert re.search(r"^viewing_sessions\.csv +0 +0 +0$", stack.make("replay"), re.MULTILINE)


def test_metrics_are_answered_and_their_change_explained(stack, first_run):
    answer = stack.make("metric", "M=sessions,watch_hours", "BY=plan", "WHERE=year=2024")
    assert re.search(r"^Premium +[\d,]+ +[\d,.]+$", answer, re.MULTILINE)
    assert "From mart_monthly_viewing; version 1" in answer
    assert "There is no plan 'Gold'" in stack.make("metric", "M=sessions", "WHERE=plan=Gold", check=False)
    assert "Watch hours" in stack.make("why", "M=watch_hours", "DAY=2024-08-30")


def test_publications_are_listed_and_taken_back(stack, first_run):
    assert "Readers see version 1 (as of 2024-09-01" in first_run
    assert "no previous version" in stack.make("rollback", check=False)
    # The same day brings nothing new, so that only a full refresh publishes another version.
    stack.make("run", f"AS_OF={DAY}", "FULL_REFRESH=1")
    before = trusted_checksums(stack.warehouse)
    assert "Readers see version 1 (" in stack.make("rollback")
    assert trusted_checksums(stack.warehouse) == before
    header, newest, *_ = stack.make("publications").splitlines()
    assert header.startswith("action")
    assert newest.startswith("rollback")
    assert newest.endswith("<- readers see it")


@pytest.mark.nightly
def test_spark_builds_the_star_on_a_cluster_that_is_not_root_and_has_one_port_on_loopback(stack, first_run):
    said = stack.make("spark")
    assert "Completed successfully" in said
    spark = {name: c for name, c in stack.containers().items() if name.startswith("spark")}
    assert spark.keys() == {"spark-master", "spark-worker"}
    for name, container in spark.items():
        assert container["State"]["Health"]["Status"] == "healthy", name
        assert container["Config"]["User"] == "50002", name
        assert "PASSWORD" not in str(container["Config"]["Env"]), name
    (binding,) = spark["spark-master"]["HostConfig"]["PortBindings"]["8080/tcp"]
    assert binding == {"HostIp": "127.0.0.1", "HostPort": stack.env["SPARK_UI_PORT"]}
    master, worker = (
        set(spark[f"spark-{part}"]["NetworkSettings"]["Networks"]) for part in ("master", "worker")
    )
    assert master == {f"{stack.name}_spark", f"{stack.name}_frontend"}
    assert worker == {f"{stack.name}_spark", f"{stack.name}_backend"}
    # What follows looks at the stack without it.
    stack.run(*COMPOSE, "rm", "--stop", "--force", *sorted(spark))


def test_warehouse_has_no_tls_until_it_is_asked_for(stack):
    with pytest.raises(psycopg2.OperationalError, match="server does not support SSL"):
        _as_client(stack, "localhost", sslmode="require")


@pytest.fixture(scope="module")
def authority(stack, first_run):
    """Return the file of whoever signs the warehouse's certificate; from here on it speaks TLS."""
    stack.set(WAREHOUSE_TLS="on")
    assert ".local/warehouse-ca.crt" in stack.make("up")
    return stack.folder / ".local" / "warehouse-ca.crt"


def test_client_that_trusts_the_authority_verifies_the_warehouse(stack, authority):
    for host in ("localhost", "127.0.0.1"):
        with closing(_as_client(stack, host, sslmode="verify-full", sslrootcert=str(authority))) as client:
            assert client.info.ssl_in_use


def test_client_without_the_authority_with_another_name_or_without_tls_gets_nowhere(stack, authority):
    named, loopback = {"sslmode": "verify-full", "sslrootcert": str(authority)}, "127.0.0.1"
    for host, parameters, said in (
        ("localhost", {"sslmode": "verify-full", "sslrootcert": certifi.where()}, "verify failed"),
        ("db.example.com", named | {"hostaddr": loopback}, 'does not match host name "db.example.com"'),
        ("localhost", {"sslmode": "disable"}, "no pg_hba.conf entry .* no encryption"),
    ):
        with pytest.raises(psycopg2.OperationalError, match=said):
            _as_client(stack, host, **parameters)


def test_keys_are_readable_by_postgres_alone_and_the_authoritys_is_in_no_other_container(stack, authority):
    volumes = {
        name: {mount.get("Name") for mount in container["Mounts"]}
        for name, container in stack.containers().items()
    }
    key = f"{stack.name}_warehouse-authority"
    assert [name for name, mounted in volumes.items() if key in mounted] == ["warehouse-certificate"]
    modes = ("stat", "--format", "%n %a %U", "/ca/ca.key", "/tls/server.key")
    mounts = ("--volume", f"{key}:/ca", "--volume", f"{stack.name}_warehouse-tls:/tls")
    said = docker("run", "--rm", *mounts, "postgres:17", *modes)
    assert said.splitlines() == ["/ca/ca.key 600 postgres", "/tls/server.key 600 postgres"]


def _as_client(stack, host: str, **parameters: str) -> Connection:
    """Open a connection as a program on this machine does that reads the star."""
    login = find_login("WAREHOUSE", "bi_reader").parameters(stack.warehouse.env)
    return connect(**{**login, "host": host, **parameters})


def _certificate(stack) -> str:
    return docker("exec", stack.containers()["warehouse"]["Id"], "cat", "/tls/ca.crt", "/tls/server.crt")


def test_own_files_run_through_and_a_missing_one_is_named(stack, first_run, tmp_path):
    out = stack.make("run", f"DATA_DIR={tmp_path}", check=False)
    assert f"{tmp_path}: there is no users.csv to read" in out


def test_an_earlier_stacks_data_without_its_passwords_are_not_touched(stack, first_run):
    env_file = stack.folder / ".env"
    kept = env_file.read_text()
    stack.make("down")
    env_file.unlink()
    # Whichever ports the machine has free: it is not about them.
    said = stack.run("cli/stack", "up", check=False, AIRFLOW_PORT="1", WAREHOUSE_PORT="1")
    assert "data of an earlier stack" in said
    assert "make reset" in said
    assert not env_file.exists()
    env_file.write_text(kept)
    stack.make("up")


def test_data_and_certificate_survive_down_and_up_and_a_second_run_changes_nothing(stack, authority):
    before, certificate = trusted_checksums(stack.warehouse), _certificate(stack)
    stack.make("down")
    assert stack.containers() == {}
    stack.make("up")
    assert trusted_checksums(stack.warehouse) == before
    assert _certificate(stack) == certificate
    stack.make("run", f"AS_OF={DAY}")
    assert trusted_checksums(stack.warehouse) == before
    assert stack.warehouse.query(
        "elt_loader", "select count(distinct _loaded_at) from raw.postgres_users"
    ) == [(1,)]


# No run depends on the inbox. The one whose end costs a run most is killed each time, the others at night.
@pytest.mark.parametrize(
    "service",
    [
        pytest.param(name, marks=[] if name == "warehouse" else pytest.mark.nightly)
        for name in sorted(LASTING - {"inbox"})
    ],
)
def test_a_container_that_dies_during_a_run_comes_back_and_the_run_ends_green(stack, first_run, service):
    before = trusted_checksums(stack.warehouse)
    # The same day brings nothing new: without a full refresh the run would end before the container does.
    again = ("run", f"AS_OF={DAY}", "FULL_REFRESH=1")
    started = stack.containers()[service]["State"]["StartedAt"]
    killer = threading.Timer(9, lambda: os.kill(stack.containers()[service]["State"]["Pid"], signal.SIGKILL))
    killer.start()
    if service in {"airflow-scheduler", "airflow-db"}:
        # The command itself runs in the scheduler's container and ends with it, as it may when the scheduler
        # loses its database; the run goes on.
        said = stack.make(*again, check=False)
        _wait_for_success(stack)
        gone, outlived = "airflow-scheduler ended, and with it this command", "airflow-db ended, and Docker"
        assert gone in said or (service == "airflow-db" and outlived in said)
    else:
        said = stack.make(*again)
        assert f"{service} ended, and Docker has started it again: the run goes on" in said
    assert stack.containers()[service]["State"]["StartedAt"] > started
    assert trusted_checksums(stack.warehouse) == before


def test_container_that_somebody_kills_is_named_and_comes_back_with_one_of_two_ups(stack, first_run):
    before = trusted_checksums(stack.warehouse)
    with ThreadPoolExecutor() as pool:
        run = pool.submit(stack.make, "run", f"AS_OF={DAY}", "FULL_REFRESH=1")
        time.sleep(9)
        docker("kill", stack.containers()["source-postgres"]["Id"])
        ups = [pool.submit(stack.make, "up") for _ in range(2)]
        waited = ["`make up` (pid " in up.result() for up in ups]
        said = run.result()
    assert "source-postgres ended (exit code 137) and stays away: `make up` starts it again" in said
    assert sorted(waited) == [False, True]
    assert trusted_checksums(stack.warehouse) == before


@pytest.mark.nightly
def test_administrators_passwords_change_or_are_refused_after_a_down_during_a_run(stack, first_run):
    before = trusted_checksums(stack.warehouse)
    with ThreadPoolExecutor() as pool:
        run = pool.submit(stack.make, "run", f"AS_OF={DAY}", "FULL_REFRESH=1", check=False)
        time.sleep(9)
        stack.make("down")
        assert "after `make up` the run goes on" in run.result()
    root = stack.env["MONGO_ROOT_PASSWORD"]
    stack.set(POSTGRES_PASSWORD=SPECIAL, MONGO_ROOT_PASSWORD="another")
    said = stack.make("up", check=False)
    assert "mongo-users is not up (exit code 1). Its log ends:\n    MongoDB does not take MONGO_ROOT" in said
    stack.set(MONGO_ROOT_PASSWORD=root)
    stack.make("up")
    assert stack.warehouse.query("admin", "select current_user") == [("postgres",)]
    assert "First Airflow finishes run" in stack.make("run", f"AS_OF={DAY}")
    assert trusted_checksums(stack.warehouse) == before


def test_set_of_files_in_the_inbox_starts_a_run_within_a_minute(stack, first_run, tmp_path):
    # The files of the day that the star shows: what follows finds it as it was.
    files = prepare_files(read_settings(SIZES | {"DATA_ROOT": str(tmp_path)}), date.fromisoformat(DAY))
    shutil.copytree(files.folder, stack.folder / "inbox" / "set")
    inbox = stack.containers()["inbox"]["Id"]
    deadline = time.monotonic() + 60
    while not _newest_run(stack)["dag_run_id"].startswith("inbox__"):
        assert time.monotonic() < deadline, docker("logs", inbox)
        time.sleep(2)
    _wait_for_success(stack)
    assert docker("exec", inbox, "ls", "/run/secrets").split() == ["AIRFLOW_UI_PASSWORD"]
    refused = "touch inbox/mine 2>/dev/null || echo refused"
    assert docker("exec", inbox, "bash", "-c", refused) == "refused\n"


def _wait_for_success(stack) -> None:
    deadline = time.monotonic() + 600
    run = {"state": "running"}
    while run["state"] in {"queued", "running"} and time.monotonic() < deadline:
        time.sleep(3)
        run = _newest_run(stack)
    assert run["state"] == "success"


def _newest_run(stack) -> dict:
    url = f"http://127.0.0.1:{stack.env['AIRFLOW_PORT']}"
    login = {"username": "admin", "password": stack.env["AIRFLOW_UI_PASSWORD"]}
    token = requests.post(f"{url}/auth/token", json=login, timeout=30).json()["access_token"]
    return requests.get(
        f"{url}/api/v2/dags/video_streaming_elt_pipeline/dagRuns?order_by=-run_after&limit=1",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).json()["dag_runs"][0]


def test_devices_that_report_are_in_the_warehouse_and_on_the_live_page(stack, first_run):
    said = stack.make("live", "RATE=5", "MINUTES=0.1")
    page = re.search(r"Live: (\S+)", said)[1]
    deadline = time.monotonic() + 120
    while not stack.warehouse.query("bi_reader", "select viewers from trusted.streaming_windows limit 1"):
        assert time.monotonic() < deadline, stack.run(*COMPOSE, "logs", "playback-windows")
        time.sleep(1)
    ((events, sent),) = stack.warehouse.query("elt_loader", STREAMED)
    assert 0 < events == sent
    assert requests.get(page, timeout=10).ok
    playback = {name: c for name, c in stack.containers().items() if name.startswith(("playback", "kafka"))}
    assert playback.keys() == {"kafka", "playback-topics", "playback-consumer", "playback-windows"}
    assert {c["Config"]["User"] for name, c in playback.items() if name != "kafka"} == {"50003"}
    assert all("PASSWORD" not in str(container["Config"]["Env"]) for container in playback.values())
    # What follows looks at the stack without it.
    stack.run(*COMPOSE, "rm", "--stop", "--force", *sorted(playback))


@pytest.mark.nightly
def test_passwords_of_any_characters_take_effect_at_the_next_up(stack, first_run):
    names = [
        name
        for name in stack.env
        if name.endswith("_PASSWORD") and name not in {"POSTGRES_PASSWORD", "MONGO_ROOT_PASSWORD"}
    ]
    stack.set(**{name: f"{SPECIAL}{number}" for number, name in enumerate(names)})
    stack.make("up")
    assert stack.env["BI_READER_PASSWORD"].startswith(SPECIAL)
    assert stack.warehouse.query("bi_reader", "select count(*) > 0 from trusted.dim_users") == [(True,)]
    assert "fct_viewing_sessions" in stack.make("run", f"AS_OF={DAY}")


def test_somebodys_sources_are_refused_and_then_only_read(stack, first_run):
    # As if others had made them: neither a mark nor a seed is left.
    _in_source(stack, "psql", "-U", "postgres", "-d", stack.env["SOURCE_DB"], "-qc", FORGET)
    before = _dump(stack)
    printed = stack.make("run", "AS_OF=2024-09-03", check=False)
    assert "ForeignTableError" in printed
    assert "nothing was written" in printed
    assert _dump(stack) == before
    # Their newest session is of a day before; no person is here to be asked of that.
    stack.set(SOURCES="existing", ASK_LATE_DAYS="9")
    stack.make("up")
    printed = stack.make("run", "AS_OF=2024-09-03")
    for task in ("generate_source_files", "create_mongodb_collections", "load_csvs_to_postgres"):
        assert re.search(rf"skipped +{task}", printed), printed
    assert "fct_viewing_sessions" in printed
    assert _dump(stack) == before


def _dump(stack) -> str:
    """Return everything that the PostgreSQL source holds, as SQL."""
    dump = _in_source(stack, "pg_dump", "-U", "postgres", stack.env["SOURCE_DB"])
    # Newer versions of pg_dump guard the file by a random word.
    return "".join(line for line in dump.splitlines(keepends=True) if "restrict" not in line)


def _in_source(stack, *command: str) -> str:
    return docker("exec", stack.containers()["source-postgres"]["Id"], *command)


def test_reset_leaves_nothing(stack):
    stack.make("reset", "YES=1")
    assert stack.containers() == {}
    label = f"label=com.docker.compose.project={stack.name}"
    assert docker("volume", "ls", "--quiet", "--filter", label) == ""
