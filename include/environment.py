"""Translate the platform's variables into those that Airflow, dbt and the tasks read.

Data flow: .env (made from .env.example) + hosts and ports -> connections() -> AIRFLOW_CONN_*, DBT_*.
Embedded servers and Compose use the same translation.
"""

import base64
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from include.alerts import URLS as ALERT_URLS
from include.env_file import CONNECTION, MODES, SECRETS, settings_of, text_of
from include.errors import InputError
from include.libpq import without_variables
from include.logins import BY_CONNECTION_ID, Login

ROOT = Path(__file__).resolve().parent.parent
# The secret of a container with all the connections that .env adds.
OWN_CONNECTIONS = "OWN_CONNECTIONS"


def read_env(path: Path) -> dict[str, str]:
    """Read a .env file, but for libpq's variables; values are taken literally, without `$` expansion.

    Nothing is read where there is no file. Raises InputError, with the line, for what cannot be taken.
    """
    return without_variables(_parse(text_of(path), path.name))


def ensure_env(path: Path, example: Path = ROOT / ".env.example") -> dict[str, str]:
    """Return the settings of `path`; a missing file is made from `example`, with random secrets.

    An older or copied file is completed: variables that only `example` has are added, empty secrets filled,
    but for those of sources that exist. Raises InputError, as `read_env`, before anything is written.
    """
    old = text_of(path)
    new = _complete(old, example.read_text(encoding="utf-8"), path.name)
    try:
        if new != old:
            # A link stays one.
            _write(path.resolve(), new)
        if stat.S_IMODE(path.stat().st_mode) != 0o600:
            path.chmod(0o600)
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be written, or kept from other users ({error.strerror}): it must be yours,"
            " in a folder of yours, on a disk with room"
        ) from None
    return read_env(path)


def _parse(text: str, file: str) -> dict[str, str]:
    """Return the variables of a .env text; one without a value is empty."""
    return {setting.name: setting.value for setting in settings_of(text, file)}


def _complete(text: str, example: str, file: str) -> str:
    """Return a .env text with the example's variables that it lacks, and random values for empty secrets."""
    present, defaults = _parse(text, file), _parse(example, ".env.example")
    lines = text.rstrip("\n").split("\n") if text else []
    # A new file gets the example's comments as well.
    missing = defaults.keys() - present
    lines += [line for line in example.splitlines() if not present or line.partition("=")[0] in missing]
    values = {name: present.get(name, default) for name, default in defaults.items()}
    return "".join(f"{_fill(line, values)}\n" for line in lines)


def _fill(line: str, values: Mapping[str, str]) -> str:
    """Return the line of a .env file, with a random value where it names an empty secret."""
    name = line.partition("=")[0]
    is_empty_secret = values.get(name) == "" and name.endswith(SECRETS)
    # The passwords of somebody's own systems cannot be made up, nor can those of Microsoft and of S3.
    is_theirs = values.get("SOURCES") == "existing" and name.startswith(("SOURCE_", "MONGO_"))
    is_theirs |= name.startswith(("POWER_BI_", "LAKE_"))
    return f"{name}={_random_secret(name)}" if is_empty_secret and not is_theirs else line


def _write(path: Path, text: str) -> None:
    """Write under another name, then rename: the file is never incomplete, nor readable by other users."""
    unfinished = path.with_name(f"{path.name}.new")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)


def _random_secret(name: str) -> str:
    """Return a random secret in the format that the variable needs."""
    if name.endswith("FERNET_KEY"):
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    # Hex digits need no quoting anywhere. HS512 needs a key of 64 bytes, written as 128 digits.
    return secrets.token_hex(64 if name.endswith("JWT_SECRET") else 24)


def connections(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Airflow's components, of the tasks and of dbt.

    `env` holds the names of `.env.example` and, for SOURCE, MONGO, WAREHOUSE and AIRFLOW_DB,
    `<NAME>_HOST` and `<NAME>_PORT`.
    """
    return airflow_variables(env) | pipeline_variables(env)


def airflow_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what every component of Airflow needs: the metadata database and the shared secrets.

    Where alerts are sent to is a secret that some containers do not have.
    """
    alerts = {ALERT_URLS: env[ALERT_URLS]} if env.get(ALERT_URLS) else {}
    return alerts | {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
            f"postgresql+psycopg2://airflow:{quote(env['AIRFLOW_DB_PASSWORD'], safe='')}"
            f"@{env['AIRFLOW_DB_HOST']}:{env['AIRFLOW_DB_PORT']}/airflow"
        ),
        "AIRFLOW__API_AUTH__JWT_SECRET": env["AIRFLOW_JWT_SECRET"],
        "AIRFLOW__API__SECRET_KEY": env["AIRFLOW_API_SECRET"],
        "AIRFLOW__CORE__FERNET_KEY": env["AIRFLOW_FERNET_KEY"],
        **celery_variables(env),
        **telemetry_variables(env),
    }


def celery_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what hands tasks to workers; nothing without the Compose profile celery.

    Only who sends tasks, or takes them, has Redis' password.
    """
    if "celery" not in env.get("PROFILES", "").split(","):
        return {}
    variables = {"AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"}
    if password := env.get("REDIS_PASSWORD"):
        place = f"{env['REDIS_HOST']}:{env['REDIS_PORT']}"
        variables["AIRFLOW__CELERY__BROKER_URL"] = f"redis://:{quote(password, safe='')}@{place}/0"
    return variables


def telemetry_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what sends OpenLineage events and OpenTelemetry metrics; nothing for an address that is not set.

    A receiver that is away costs a task seconds at most, and never fails it.
    """
    variables = {}
    if url := env.get("OPENLINEAGE_URL"):
        transport = {"type": "http", "url": url, "timeout": 2, "retry": {"total": 0}}
        variables |= {
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
            "AIRFLOW__OPENLINEAGE__NAMESPACE": "video_streaming_elt",
            "AIRFLOW__OPENLINEAGE__EXTRACTORS": "dags.pipeline.lineage.PipelineExtractor",
        }
    if url := env.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        variables |= {
            "AIRFLOW__METRICS__OTEL_ON": "True",
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_SERVICE_NAME": "video_streaming_elt",
            # Seconds, also that a task waits at its end: by default ten.
            "OTEL_EXPORTER_OTLP_TIMEOUT": "2",
        }
    return variables


def pipeline_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what only tasks need: connections to the sources and the warehouse, and dbt's login."""
    logins = BY_CONNECTION_ID.items()
    airflow = {
        f"{CONNECTION}{name.upper()}": _connection(env, login)
        for name, login in logins
        if not login.is_for_playing or plays_product(env)
    }
    airflow |= power_bi_variables(env) | own_connections(env)
    dbt = BY_CONNECTION_ID["warehouse_publisher"]
    place = {name: env[name] for name in ("WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DB")}
    return airflow | place | {"DBT_USER": dbt.role, "DBT_PASSWORD": env[dbt.secret]}


def power_bi_variables(env: Mapping[str, str]) -> dict[str, str]:
    """Return what a refresh needs: the ids, and the connection power_bi. Nothing where no workspace is set.

    The connection's format is that of Airflow's Microsoft provider.
    """
    if not env.get("POWER_BI_WORKSPACE_ID"):
        return {}
    connection = {
        "conn_type": "powerbi",
        "login": env.get("POWER_BI_CLIENT_ID"),
        "password": env.get("POWER_BI_CLIENT_SECRET"),
        # Proxies and certificates are those of the environment, as for the login.
        "extra": {"tenant_id": env.get("POWER_BI_TENANT_ID"), "trust_env": True},
    }
    ids = {name: env.get(name, "") for name in ("POWER_BI_WORKSPACE_ID", "POWER_BI_SEMANTIC_MODEL_ID")}
    return ids | {f"{CONNECTION}POWER_BI": json.dumps(connection)}


def plays_product(env: Mapping[str, str]) -> bool:
    """Tell whether SOURCES is `played`. Raises InputError for anything but `played` or `existing`."""
    value = env.get("SOURCES") or "played"
    if value not in MODES:
        raise InputError(f"SOURCES={value!r} is neither played nor existing. Mend it in .env and start again")
    return value == "played"


def own_connections(env: Mapping[str, str]) -> dict[str, str]:
    """Return the connections that somebody added to .env, AIRFLOW_CONN_<ID>, which replace the platform's.

    A container has all of them in one secret. MongoDB's URIs are translated, since Airflow reads no list of
    hosts, and its hook no mongodb+srv.
    """
    packed = json.loads(env.get(OWN_CONNECTIONS) or "{}")
    written = {name: value for name, value in env.items() if name.startswith(CONNECTION) and value}
    return {name: _without_mongo_uri(value) for name, value in (packed | written).items()}


def _without_mongo_uri(connection: str) -> str:
    """Return a URI of MongoDB as the JSON that means the same to Airflow, anything else as it is."""
    found = urlsplit(connection)
    if found.scheme not in ("mongodb", "mongodb+srv"):
        return connection
    login, _, hosts = found.netloc.rpartition("@")
    user, has_password, password = login.partition(":")
    options = dict(parse_qsl(found.query))
    return json.dumps(
        {
            "conn_type": "mongo",
            "host": hosts,
            "schema": unquote(found.path.strip("/")),
            "login": unquote(user) or None,
            "password": unquote(password) if has_password else None,
            "extra": options | ({"srv": True} if found.scheme == "mongodb+srv" else {}),
        }
    )


def write_ui_password(path: Path, password: str) -> None:
    """Write the file from which Airflow's simple auth manager reads the password of admin."""
    _write(path, json.dumps({"admin": password}))


def _connection(env: Mapping[str, str], login: Login) -> str:
    """Return the login as the JSON from which Airflow reads a connection."""
    found = login.parameters(env)
    connection: dict[str, object] = {
        "conn_type": "mongo" if login.server == "MONGO" else "postgres",
        "host": found["host"],
        "port": int(found["port"]),
        "schema": found["dbname"],
        "login": found["user"],
        "password": found["password"],
    }
    if login.server == "MONGO":
        # Users are stored in the database that they use. directConnection: the server is no replica set.
        connection["extra"] = {"authSource": found["dbname"], "directConnection": True}
    return json.dumps(connection)
