"""The MongoDB users: app writes the product's database, elt_reader reads it."""

from collections.abc import Mapping

from pymongo import MongoClient
from pymongo.errors import OperationFailure

USER_EXISTS = 51003
ROLES = {
    "app": ("MONGO_APP_PASSWORD", ["readWrite", "dbAdmin"]),
    "elt_reader": ("MONGO_READER_PASSWORD", ["read"]),
}


def create_mongo_users(client: MongoClient, env: Mapping[str, str]) -> None:
    """Make both users in the product's database, or give them the current password and roles."""
    database = client[env["MONGO_DB"]]
    for user, (secret, names) in ROLES.items():
        roles = [{"role": name, "db": database.name} for name in names]
        try:
            database.command("createUser", user, pwd=env[secret], roles=roles)
        except OperationFailure as error:
            if error.code != USER_EXISTS:
                raise
            database.command("updateUser", user, pwd=env[secret], roles=roles)
