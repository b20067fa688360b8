"""The entrypoint of the Airflow containers: secrets from files, hosts from the environment, then the command.

`mongo-users` makes the MongoDB users and ends; anything else goes to the image's own entrypoint.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from include.environment import airflow_variables, pipeline_variables, write_ui_password
from include.inherited import SECRETS

PASSWORDS_FILE = Path("/tmp/airflow-passwords.json")
IMAGE_ENTRYPOINT = ["/usr/bin/dumb-init", "--", "/entrypoint"]
AUTHENTICATION_FAILED = 18
ROOT_PASSWORD_CHANGED = (
    "MongoDB does not take MONGO_ROOT_PASSWORD of .env: its data were made with another one, which only the"
    ' server can change. Put that one back, `make up`, and see "Change a password" in docs/operations.md.'
)


def main() -> None:
    """Replace this process by the command, with everything in its environment that it reads."""
    env = with_secrets()
    if sys.argv[1:] == ["mongo-users"]:
        make_mongo_users(env)
        return
    variables = variables_for(env)
    write_ui_password(PASSWORDS_FILE, env["AIRFLOW_UI_PASSWORD"])
    os.execve(IMAGE_ENTRYPOINT[0], [*IMAGE_ENTRYPOINT, *sys.argv[1:]], {**os.environ, **variables})


def with_secrets() -> dict[str, str]:
    """Return this container's environment and its secrets."""
    return {**os.environ, **read_secrets(SECRETS)}


def read_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets of the folder: each file is named like its variable."""
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def variables_for(env: Mapping[str, str]) -> dict[str, str]:
    """Return what Airflow reads; only the container that runs tasks has the secrets of the pipeline."""
    variables = airflow_variables(env) | {
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(PASSWORDS_FILE)
    }
    return variables | (pipeline_variables(env) if "ELT_LOADER_PASSWORD" in env else {})


def make_mongo_users(env: Mapping[str, str]) -> None:
    """Make the two users of the product's MongoDB, or give them their current passwords.

    Ends with a sentence when the server does not take root's password.
    """
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure

    from include.schema.mongo_users import create_mongo_users

    login = {"username": "root", "password": env["MONGO_ROOT_PASSWORD"]}
    try:
        with MongoClient(env["MONGO_HOST"], int(env["MONGO_PORT"]), directConnection=True, **login) as client:
            create_mongo_users(client, env)
    except OperationFailure as error:
        if error.code != AUTHENTICATION_FAILED:
            raise
        sys.exit(ROOT_PASSWORD_CHANGED)


if __name__ == "__main__":
    main()
