"""What a task says when it cannot log in: which server, and which settings to look at."""

import psycopg2
import pytest
from pymongo.errors import ConnectionFailure

from include.connections import mongo, postgres
from include.environment import connections
from include.errors import InputError


@pytest.fixture
def environment(platform, monkeypatch):
    """Return a function that tells Airflow its connections, with some settings changed."""

    def environment(**changed: str) -> dict[str, str]:
        env = platform.env | {"AIRFLOW_DB_HOST": "", "AIRFLOW_DB_PORT": ""} | changed
        for name, value in connections(env).items():
            if name.startswith("AIRFLOW_CONN"):
                monkeypatch.setenv(name, value)
        return env

    return environment


def test_connections_open_as_their_roles(environment):
    env = environment()
    for name, role, database in (
        ("source_postgres", "elt_reader", env["SOURCE_DB"]),
        ("source_postgres_app", "app", env["SOURCE_DB"]),
        ("warehouse", "elt_loader", env["WAREHOUSE_DB"]),
    ):
        with postgres(name) as connection, connection.cursor() as cursor:
            cursor.execute("select current_user, current_database()")
            assert cursor.fetchone() == (role, database)
    for name in ("source_mongo", "source_mongo_app"):
        with mongo(name) as database:
            assert database.name == env["MONGO_DB"]
            assert database.content.count_documents({}) == 0


SOURCE = "SOURCE_HOST, SOURCE_PORT, SOURCE_DB and SOURCE_READER_PASSWORD in .env"
WAREHOUSE = "WAREHOUSE_HOST, WAREHOUSE_PORT, WAREHOUSE_DB and ELT_LOADER_PASSWORD in .env"
MONGO = "MONGO_HOST, MONGO_PORT, MONGO_DB and MONGO_READER_PASSWORD in .env"


@pytest.mark.parametrize(
    ("name", "changed", "settings", "driver"),
    [
        (
            "source_postgres",
            {"SOURCE_READER_PASSWORD": "wrong-one"},
            SOURCE,
            "password authentication failed",
        ),
        ("source_postgres", {"SOURCE_DB": "nowhere"}, SOURCE, 'database "nowhere" does not exist'),
        ("source_postgres", {"SOURCE_PORT": "1"}, SOURCE, "Connection refused"),
        ("warehouse", {"ELT_LOADER_PASSWORD": "wrong-one"}, WAREHOUSE, "password authentication failed"),
        ("warehouse", {"WAREHOUSE_PORT": "1"}, WAREHOUSE, "Connection refused"),
    ],
)
def test_login_to_postgres_that_fails_names_the_settings(environment, name, changed, settings, driver):
    env = environment(**changed)
    with pytest.raises(psycopg2.OperationalError) as raised, postgres(name):
        pass
    message, prefix = str(raised.value), settings.partition("_")[0]
    assert message.startswith(
        f"{name}: cannot log in to {env[f'{prefix}_DB']} on 127.0.0.1:{env[f'{prefix}_PORT']}"
    )
    assert settings in message
    assert driver in message
    assert "wrong-one" not in message


@pytest.mark.parametrize(
    ("changed", "driver"),
    [
        ({"MONGO_READER_PASSWORD": "wrong-one"}, "authentication failed"),
        ({"MONGO_DB": "nowhere"}, "authentication failed"),
        ({"MONGO_PORT": "1"}, "Connection refused"),
    ],
)
def test_login_to_mongodb_that_fails_names_the_settings(environment, changed, driver, monkeypatch):
    env = environment(**changed)
    # Not the thirty seconds of the driver.
    monkeypatch.setattr("pymongo.common.SERVER_SELECTION_TIMEOUT", 1)
    with pytest.raises(ConnectionFailure) as raised, mongo("source_mongo"):
        pass
    message = str(raised.value)
    assert message.startswith(
        f"source_mongo: cannot log in to {env['MONGO_DB']} on 127.0.0.1:{env['MONGO_PORT']}"
    )
    assert MONGO in message
    assert driver in message
    assert "wrong-one" not in message


@pytest.mark.parametrize("scheme", ["mongodb", "mongo"])
def test_uri_of_mongodb_in_env_opens_a_connection(environment, platform, scheme):
    env = platform.env
    login = f"elt_reader:{env['MONGO_READER_PASSWORD']}"
    place = f"{env['MONGO_HOST']}:{env['MONGO_PORT']}/{env['MONGO_DB']}"
    environment(AIRFLOW_CONN_SOURCE_MONGO=f"{scheme}://{login}@{place}?directConnection=true")
    with mongo("source_mongo") as database:
        assert database.name == env["MONGO_DB"]
        assert database.content.count_documents({}) == 0


def test_uri_that_airflow_cannot_read_is_told_apart_from_none(environment):
    environment(AIRFLOW_CONN_SOURCE_POSTGRES="postgresql://reader:a/b@127.0.0.1:5432/shop")
    unreadable = r"^AIRFLOW_CONN_SOURCE_POSTGRES is there, but is no URI .* %2F for /"
    with pytest.raises(InputError, match=unreadable) as raised, postgres("source_postgres"):
        pass
    assert "a/b" not in str(raised.value)


def test_connection_to_something_else_is_no_mongodb(environment):
    environment(AIRFLOW_CONN_SOURCE_MONGO="postgresql://reader:secret@127.0.0.1:5432/shop")
    with (
        pytest.raises(InputError, match="is of type postgres, and a collection needs mongo"),
        mongo("source_mongo"),
    ):
        pass
