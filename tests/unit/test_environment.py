"""From .env.example to .env to what Airflow, dbt and the drivers read."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import example as tried
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from include.environment import (
    ROOT,
    airflow_variables,
    connections,
    ensure_env,
    own_connections,
    pipeline_variables,
    plays_product,
    read_env,
    write_ui_password,
)
from include.errors import InputError

SECRETS = ("_PASSWORD", "_SECRET", "_KEY")
NASTY = [
    "p@ss:w/rd",
    "it's",
    'say "hi"',
    "$HOME ${PATH} $$",
    "100%s %41",
    "a #b",
    "#start",
    "two words ",
    " led",
    "back\\slash\\n",
    "ключ😀",
    "?a=1&b=[2]{3}",
    "x" * 500,
]


def in_single_quotes(value: str) -> str:
    """Write the value as a person must: in single quotes, a backslash before each quote and backslash."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "example"
    path.write_text("# What it is.\nSIZE=10\n\n# A secret_KEY= in words.\nAPP_PASSWORD=\nNAME=\n")
    return path


def test_first_start_makes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    env = ensure_env(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]
    assert env == read_env(path)
    assert env.keys() == read_env(ROOT / ".env.example").keys()


def test_every_secret_is_filled_and_no_two_are_the_same(tmp_path: Path) -> None:
    env = ensure_env(tmp_path / ".env")
    # Microsoft's cannot be made up, nor S3's.
    assert env.pop("POWER_BI_CLIENT_SECRET") == env.pop("LAKE_SECRET_ACCESS_KEY") == ""
    secrets = [value for name, value in env.items() if name.endswith(SECRETS)]
    assert len(secrets) >= 12
    assert len(set(secrets)) == len(secrets)
    assert min(map(len, secrets)) >= 32
    assert all(value.isalnum() or name.endswith("_KEY") for name, value in env.items() if value in secrets)
    assert ensure_env(tmp_path / "other")["POSTGRES_PASSWORD"] not in secrets


def test_example_in_git_holds_no_secret() -> None:
    defaults = read_env(ROOT / ".env.example")
    secrets = [name for name in defaults if name.endswith(SECRETS)]
    assert secrets
    assert [name for name in secrets if defaults[name]] == []


def test_secrets_are_what_airflow_demands(tmp_path: Path) -> None:
    env = ensure_env(tmp_path / ".env")
    assert len(env["AIRFLOW_JWT_SECRET"].encode()) >= 64
    box = Fernet(env["AIRFLOW_FERNET_KEY"])
    assert box.decrypt(box.encrypt(b"a password")) == b"a password"


def test_settings_keep_their_defaults_and_their_comments(tmp_path: Path, example: Path) -> None:
    path = tmp_path / ".env"
    env = ensure_env(path, example)
    assert (env["SIZE"], env["NAME"]) == ("10", "")
    lines = path.read_text().splitlines()
    assert lines[:4] == ["# What it is.", "SIZE=10", "", "# A secret_KEY= in words."]
    assert lines[4:] == [f"APP_PASSWORD={env['APP_PASSWORD']}", "NAME="]


def test_second_start_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    first = ensure_env(path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert ensure_env(path) == first
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_what_a_person_set_stays(tmp_path: Path, example: Path) -> None:
    path = tmp_path / ".env"
    mine = "# mine\nAPP_PASSWORD='p #1'\nSIZE=7\nNAME=x\nMY_OWN_KEY=\nexport OTHER=1\n"
    path.write_text(mine)
    path.chmod(0o644)
    env = ensure_env(path, example)
    assert path.read_text() == mine
    assert path.stat().st_mode & 0o777 == 0o600
    chosen = {"APP_PASSWORD": "p #1", "SIZE": "7", "NAME": "x"}
    assert env == chosen | {"MY_OWN_KEY": "", "OTHER": "1"}


@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_what_a_newer_example_brings_is_added(tmp_path: Path, example: Path, end: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"# mine\nAPP_PASSWORD=kept{end}")
    example.write_text(example.read_text() + "NEW_SECRET=\nNEW_SIZE=3\n")
    env = ensure_env(path, example)
    assert list(env) == ["APP_PASSWORD", "SIZE", "NAME", "NEW_SECRET", "NEW_SIZE"]
    assert (env["APP_PASSWORD"], env["SIZE"], env["NEW_SIZE"]) == ("kept", "10", "3")
    assert len(env["NEW_SECRET"]) >= 32
    assert path.read_text().startswith("# mine\nAPP_PASSWORD=kept\nSIZE=10\n")
    assert ensure_env(path, example) == env


@pytest.mark.parametrize("empty", ["", "''", '""', "  # to do", "\r"])
def test_secret_that_was_left_empty_is_filled(tmp_path: Path, example: Path, empty: str) -> None:
    # Who copies .env.example by hand would else run with empty passwords.
    path = tmp_path / ".env"
    path.write_text(f"SIZE=7\nAPP_PASSWORD={empty}\nNAME=\n")
    env = ensure_env(path, example)
    assert len(env["APP_PASSWORD"]) >= 32
    assert (env["SIZE"], env["NAME"]) == ("7", "")
    assert path.read_text().count("APP_PASSWORD") == 1


@pytest.mark.parametrize("value", NASTY)
def test_value_in_single_quotes_is_taken_as_it_is(tmp_path: Path, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"BEFORE='1'\nAPP_PASSWORD={in_single_quotes(value)}\nAFTER='2'\n", encoding="utf-8")
    assert read_env(path) == {"BEFORE": "1", "APP_PASSWORD": value, "AFTER": "2"}


@pytest.mark.parametrize("value", ["p@ss:w/rd", "$HOME", "${SIZE}", "100%", "a#b", "it's", 'a"b', "back\\n"])
def test_most_values_need_no_quotes(tmp_path: Path, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"SIZE=7\nAPP_PASSWORD={value}\n")
    assert read_env(path)["APP_PASSWORD"] == value


SECRET_OF = {
    "AIRFLOW_CONN_SOURCE_POSTGRES": ("elt_reader", "SOURCE_READER_PASSWORD"),
    "AIRFLOW_CONN_SOURCE_POSTGRES_APP": ("app", "SOURCE_APP_PASSWORD"),
    "AIRFLOW_CONN_SOURCE_MONGO": ("elt_reader", "MONGO_READER_PASSWORD"),
    "AIRFLOW_CONN_SOURCE_MONGO_APP": ("app", "MONGO_APP_PASSWORD"),
    "AIRFLOW_CONN_WAREHOUSE": ("elt_loader", "ELT_LOADER_PASSWORD"),
    "AIRFLOW_CONN_WAREHOUSE_PUBLISHER": ("dbt_transformer", "DBT_TRANSFORMER_PASSWORD"),
    "AIRFLOW_CONN_WAREHOUSE_READER": ("bi_reader", "BI_READER_PASSWORD"),
}


@pytest.mark.parametrize("value", NASTY)
def test_any_password_arrives_where_it_is_used(env: dict[str, str], value: str) -> None:
    kept = {name: env[name] for name in env if "PORT" in name or name == "SOURCES"}
    made = connections(dict.fromkeys(env, value) | kept)
    for name in SECRET_OF:
        assert json.loads(made[name])["password"] == value
    assert made["DBT_PASSWORD"] == made["AIRFLOW__API_AUTH__JWT_SECRET"] == value


@given(password=st.text(st.sampled_from("@:/?#[]%&=+ 4a\\\"'$é😀"), min_size=1, max_size=12))
@tried(password="p@ss:w/rd")
@tried(password="100%41")
def test_database_url_of_airflow_parses_back(password: str) -> None:
    names = (*(secret for _, secret in SECRET_OF.values()), "DBT_TRANSFORMER_PASSWORD", "AIRFLOW_JWT_SECRET")
    names += ("AIRFLOW_API_SECRET", "AIRFLOW_FERNET_KEY", "SOURCE_DB", "MONGO_DB", "WAREHOUSE_DB")
    names += tuple(f"{server}_HOST" for server in ("SOURCE", "MONGO", "WAREHOUSE", "AIRFLOW_DB"))
    ports = {f"{server}_PORT": "5432" for server in ("SOURCE", "MONGO", "WAREHOUSE", "AIRFLOW_DB")}
    env = dict.fromkeys(names, "x") | ports | {"AIRFLOW_DB_PASSWORD": password}
    url = make_url(connections(env)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    assert (url.password, url.username, url.host, url.port, url.database) == (
        password,
        "airflow",
        "x",
        5432,
        "airflow",
    )


def test_each_role_gets_its_own_password_and_server(env: dict[str, str]) -> None:
    made = connections(env)
    for name, (role, secret) in SECRET_OF.items():
        connection = json.loads(made[name])
        server = "WAREHOUSE" if "WAREHOUSE" in name else "MONGO" if "MONGO" in name else "SOURCE"
        assert (connection["login"], connection["password"]) == (role, env[secret])
        assert connection["host"] == env[f"{server}_HOST"]
        assert connection["port"] == int(env[f"{server}_PORT"])
        assert connection["schema"] == env[f"{server}_DB"]
        assert connection["conn_type"] == ("mongo" if server == "MONGO" else "postgres")
    assert (made["DBT_USER"], made["DBT_PASSWORD"]) == ("dbt_transformer", env["DBT_TRANSFORMER_PASSWORD"])
    assert made["WAREHOUSE_PORT"] == env["WAREHOUSE_PORT"]


def test_mongo_users_log_in_where_they_live(env: dict[str, str]) -> None:
    extra = json.loads(connections(env | {"MONGO_DB": "shop"})["AIRFLOW_CONN_SOURCE_MONGO"])["extra"]
    assert extra == {"authSource": "shop", "directConnection": True}


def test_power_bi_has_a_connection_where_a_workspace_is_set(env: dict[str, str]) -> None:
    assert [name for name in connections(env) if "POWER_BI" in name] == []
    ids = {"POWER_BI_WORKSPACE_ID": "w", "POWER_BI_SEMANTIC_MODEL_ID": "m"}
    login = {"POWER_BI_TENANT_ID": "t", "POWER_BI_CLIENT_ID": "c", "POWER_BI_CLIENT_SECRET": "p@ss:w/rd"}
    made = connections(env | ids | login)
    connection = json.loads(made["AIRFLOW_CONN_POWER_BI"])
    assert (connection["conn_type"], connection["login"]) == ("powerbi", "c")
    assert connection["password"] == "p@ss:w/rd"
    assert connection["extra"] == {"tenant_id": "t", "trust_env": True}
    assert {name: made[name] for name in ids} == ids
    assert "POWER_BI_CLIENT_SECRET" not in made
    own = "powerbi://other:secret@?tenant_id=t"
    assert connections(env | ids | {"AIRFLOW_CONN_POWER_BI": own})["AIRFLOW_CONN_POWER_BI"] == own


def test_administrators_stay_out_of_the_pipeline(env: dict[str, str]) -> None:
    everything = " ".join(connections(env).values())
    assert env["ELT_LOADER_PASSWORD"] in everything
    kept_out = ("POSTGRES_PASSWORD", "MONGO_ROOT_PASSWORD", "AIRFLOW_UI_PASSWORD")
    assert [name for name in kept_out if env[name] in everything] == []


def test_components_that_run_no_task_know_no_password_of_the_pipeline(env: dict[str, str]) -> None:
    everything = " ".join(airflow_variables(env).values())
    assert env["AIRFLOW_DB_PASSWORD"] in everything
    of_the_pipeline = [secret for _, secret in SECRET_OF.values()] + ["DBT_TRANSFORMER_PASSWORD"]
    assert [name for name in of_the_pipeline if env[name] in everything] == []
    assert airflow_variables(env) | pipeline_variables(env) == connections(env)


def test_password_of_the_ui_is_read_by_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "passwords.json"
    path.write_text("older and longer than the new content of this file")
    path.chmod(0o644)
    write_ui_password(path, 'p"ss')
    assert json.loads(path.read_text()) == {"admin": 'p"ss'}
    assert path.stat().st_mode & 0o777 == 0o600


def test_where_sources_exist_nobody_logs_in_to_write(env: dict[str, str]) -> None:
    without = {name: value for name, value in env.items() if not name.endswith("_APP_PASSWORD")}
    made = pipeline_variables(without | {"SOURCES": "existing"})
    assert {name for name in made if name.startswith("AIRFLOW_CONN")} == {
        name for name, (role, _) in SECRET_OF.items() if role != "app"
    }


def test_passwords_of_sources_that_exist_are_not_made_up(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("SOURCES=existing\nSOURCE_READER_PASSWORD=theirs\n")
    env = ensure_env(path)
    assert env["SOURCE_READER_PASSWORD"] == "theirs"
    assert {env[name] for name in ("SOURCE_APP_PASSWORD", "MONGO_READER_PASSWORD")} == {""}
    assert len(env["ELT_LOADER_PASSWORD"]) >= 32


@pytest.mark.parametrize("value", ["Played", "existng", "no"])
def test_sources_are_played_or_exist(value: str) -> None:
    with pytest.raises(InputError, match=f"SOURCES='{value}' is neither played nor existing"):
        plays_product({"SOURCES": value})
    assert plays_product({"SOURCES": ""})
    assert plays_product({})
    assert not plays_product({"SOURCES": "existing"})


def test_connections_that_somebody_adds_replace_the_platforms(env: dict[str, str]) -> None:
    crm, replica = "postgresql://reader:p%40ss@crm:5432/crm?sslmode=require", '{"conn_type": "postgres"}'
    added = {"AIRFLOW_CONN_CRM": crm, "AIRFLOW_CONN_SOURCE_POSTGRES": replica, "AIRFLOW_CONN_NONE": ""}
    before = pipeline_variables(env)
    after = pipeline_variables(env | added)
    assert {name: after[name] for name in after if after[name] != before.get(name)} == {
        name: value for name, value in added.items() if value
    }
    # A container gets them as one secret.
    packed = {"OWN_CONNECTIONS": json.dumps(own_connections(env | added))}
    assert pipeline_variables(env | packed) == after
