"""Connections as people write them: by URI, with TLS, with parameters of the driver."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psycopg2
import pytest
from airflow.providers.mongo.hooks import mongo as airflow_mongo
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure

from include.connections import mongo, postgres
from include.embedded.mongo import _start_server, stop
from include.environment import own_connections
from include.errors import InputError

HASH = hashes.SHA256()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], str]:
    """Return a function that adds a connection as .env has it, and gives its id."""

    def connect(value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        for name, translated in own_connections({"AIRFLOW_CONN_ERP": text}).items():
            monkeypatch.setenv(name, translated)
        return "erp"

    return connect


@pytest.fixture
def client_of(connect: Callable[[object], str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict]:
    """Return a function that gives what the driver is called with for a connection."""

    def client_of(uri: str) -> dict:
        called = {}

        class Client(MongoClient):
            def __init__(self, host: str, **options: object) -> None:
                called.update(options, host=host)
                raise ConnectionFailure("not now")

        monkeypatch.setattr(airflow_mongo, "MongoClient", Client)
        with pytest.raises(ConnectionFailure, match="not now"), mongo(connect(uri)):
            pass
        return called

    return client_of


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            "mongodb+srv://us%40er:p%2Fw@cluster0.abc.mongodb.net/shop?readPreference=secondaryPreferred",
            {
                "host": "mongodb+srv://us%40er:p%2Fw@cluster0.abc.mongodb.net/shop",
                "readPreference": "secondaryPreferred",
            },
        ),
        (
            "mongodb://u:p@a:27017,b:27018,c/shop?replicaSet=rs0&authSource=admin",
            {"host": "mongodb://u:p@a:27017,b:27018,c/shop", "replicaSet": "rs0", "authSource": "admin"},
        ),
        (
            "mongodb://u:p@[::1]:27017/shop?tls=true&tlsCAFile=%2Fetc%2Fca.pem",
            {"host": "mongodb://u:p@[::1]:27017/shop", "tls": "true", "tlsCAFile": "/etc/ca.pem"},
        ),
        ("mongodb://h/shop", {"host": "mongodb://h/shop"}),
    ],
)
def test_uri_of_mongodb_reaches_the_driver(client_of, uri: str, expected: dict) -> None:
    assert client_of(uri) == expected


def test_options_of_a_uri_are_those_of_the_driver(platform, connect) -> None:
    env = platform.env
    login = f"elt_reader:{env['MONGO_READER_PASSWORD']}@127.0.0.1:{env['MONGO_PORT']}/{env['MONGO_DB']}"
    options = "directConnection=true&readPreference=secondaryPreferred&retryWrites=false&maxPoolSize=5"
    options += "&uuidRepresentation=standard&serverSelectionTimeoutMS=2000&appName=elt"
    with mongo(connect(f"mongodb://{login}?{options}")) as database:
        assert database.name == env["MONGO_DB"]
        assert database.read_preference.mongos_mode == "secondaryPreferred"
        assert database.client.options.pool_options.max_pool_size == 5
        assert database.content.count_documents({}) == 0


@pytest.mark.parametrize(
    ("uri", "error", "sentence"),
    [
        (
            "mongodb://u:p@127.0.0.1:1/?authSource=admin",
            InputError,
            "erp names no database. Write it after the",
        ),
        (
            "mongodb://u:p@127.0.0.1:1/shop?nonsense=1",
            ConnectionFailure,
            "erp: cannot log in to shop on .*nonse",
        ),
        ("mongodb://u:p@127.0.0.1:1/shop?maxPoolSize=many", ConnectionFailure, "erp: cannot log in to shop"),
        (
            "mongodb://u:p@127.0.0.1:1/shop?tls=true&tlsCAFile=/nowhere/ca.pem",
            ConnectionFailure,
            "AIRFLOW_CONN_ERP in .env, or the connection in Airflow, is right.*No such file",
        ),
        (
            "mongodb://u:secret-word@127.0.0.1:1/shop?serverSelectionTimeoutMS=100",
            ConnectionFailure,
            "erp: cannot log in to shop on 127.0.0.1:1 as u. See that the server runs",
        ),
    ],
)
def test_connection_that_does_not_work_says_why(connect, uri: str, error: type, sentence: str) -> None:
    with pytest.raises(error, match=sentence) as raised, mongo(connect(uri)):
        pass
    assert "secret-word" not in str(raised.value)


# TLS.


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """A MongoDB server with a certificate; yield its port and the files of two authorities, its own first."""
    folder = tmp_path_factory.mktemp("tls")
    authority, other = certificate("authority"), certificate("other")
    server = certificate("127.0.0.1", authority)
    for name, found in (("ca", authority), ("other", other), ("server", server)):
        write(folder / f"{name}.pem", found)
    files = ["--tls-cert-file", folder / "server.pem", "--tls-key-file", folder / "server.key"]
    port = start_with_tls(folder, files)
    yield {"port": port, "ca": str(folder / "ca.pem"), "other": str(folder / "other.pem")}
    stop(folder)


def test_connection_with_a_ca_file_opens(tls_server, connect) -> None:
    with mongo(connect(tls_connection(tls_server, tlsCAFile=tls_server["ca"]))) as database:
        assert database.command("ping")["ok"] == 1
    uri = f"mongodb://127.0.0.1:{tls_server['port']}/shop?tls=true&tlsCAFile={tls_server['ca']}"
    with mongo(connect(uri)) as database:
        assert database.command("ping")["ok"] == 1


@pytest.mark.parametrize(
    ("authority", "sentence"),
    [("other", "certificate verify failed"), (None, "certificate verify failed")],
)
def test_server_of_another_authority_is_refused_in_a_sentence(
    tls_server, connect, authority, sentence
) -> None:
    extra = {"tlsCAFile": tls_server[authority]} if authority else {}
    message = f"erp: cannot log in to shop on 127.0.0.1:.* See that the server runs.*{sentence}"
    connection = connect(tls_connection(tls_server, **extra))
    with pytest.raises(ConnectionFailure, match=message), mongo(connection):
        pass


def test_connection_without_tls_to_a_server_with_it_ends(tls_server, connect) -> None:
    connection = connect(tls_connection(tls_server, tls=False))
    with pytest.raises(ConnectionFailure, match="erp: cannot log in to shop"), mongo(connection):
        pass


def tls_connection(server: dict, **extra: object) -> dict:
    found = {"tls": True, "serverSelectionTimeoutMS": 1000, "directConnection": True} | extra
    place = {"host": "127.0.0.1", "port": server["port"], "schema": "shop"}
    return {"conn_type": "mongo", **place, "extra": found}


def start_with_tls(folder: Path, files: list[object]) -> int:
    """Start the server; the embedded module's own start would ask it without TLS whether it is up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("include.embedded.mongo._client", tls_client(folder / "ca.pem"))
        return _start_server(folder, *files)


def tls_client(authority: Path) -> Callable[[int], MongoClient]:
    options = {"directConnection": True, "tls": True, "tlsCAFile": str(authority)}
    return lambda port: MongoClient("127.0.0.1", port, serverSelectionTimeoutMS=500, **options)


def certificate(name: str, issuer: tuple | None = None) -> tuple:
    """Return a certificate and its key: an authority's own, or one that the issuer signed for an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signed_by, signing_key = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        signed_by, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    )
    constraints = x509.BasicConstraints(ca=issuer is None, path_length=None)
    builder = builder.add_extension(constraints, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    if issuer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
        builder = builder.add_extension(names, critical=False)
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(signer, critical=False)
    return builder.sign(signing_key, HASH), key


def write(path: Path, found: tuple) -> None:
    signed, key = found
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    path.with_suffix(".key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))


# PostgreSQL.


def postgres_connection(platform, **extra: object) -> dict:
    env = platform.env
    place = {"host": env["SOURCE_HOST"], "port": int(env["SOURCE_PORT"]), "schema": env["SOURCE_DB"]}
    login = {"login": "elt_reader", "password": env["SOURCE_READER_PASSWORD"]}
    return {"conn_type": "postgres", **place, **login, "extra": extra}


def test_parameters_of_postgresql_reach_the_driver(platform, connect) -> None:
    # A name of the platform's own may be set as well.
    extra = {"application_name": "nightly", "connect_timeout": 3, "sslmode": "prefer"}
    with postgres(connect(postgres_connection(platform, **extra))) as connection:
        assert connection.info.dsn_parameters["application_name"] == "nightly"
        assert connection.info.dsn_parameters["sslmode"] == "prefer"


def test_uri_of_postgresql_opens(platform, connect) -> None:
    env = platform.env
    login = f"elt_reader:{env['SOURCE_READER_PASSWORD']}@127.0.0.1:{env['SOURCE_PORT']}/{env['SOURCE_DB']}"
    for scheme in ("postgresql", "postgres"):
        with postgres(connect(f"{scheme}://{login}?sslmode=prefer&connect_timeout=3")) as connection:
            assert connection.info.dsn_parameters["connect_timeout"] == "3"


@pytest.mark.parametrize(
    ("extra", "error", "sentence"),
    [
        (
            {"sslmode": "require"},
            psycopg2.OperationalError,
            "server does not support SSL, but SSL was required",
        ),
        (
            {"sslmode": "verify-full", "sslrootcert": "/nowhere/ca.pem"},
            psycopg2.OperationalError,
            "(server does not support SSL|does not exist)",
        ),
        ({"sslmode": "perhaps"}, psycopg2.OperationalError, 'invalid sslmode value: "perhaps"'),
        ({"iam": False}, InputError, 'invalid connection option "iam"'),
    ],
)
def test_parameter_that_does_not_work_says_why(platform, connect, extra, error, sentence) -> None:
    name = "AIRFLOW_CONN_ERP in .env, or the connection in Airflow, is right"
    connection, message = connect(postgres_connection(platform, **extra)), f"erp: .*{name}.*{sentence}"
    with pytest.raises(error, match=message), postgres(connection):
        pass
