"""The MongoDB users: app writes the product's database, elt_reader reads it."""

from collections.abc import Mapping

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure

from include.logins import find_login

USER_EXISTS = 51003
ROLES = {"app": ["readWrite", "dbAdmin"], "elt_reader": ["read"]}


def create_mongo_users(client: MongoClient, env: Mapping[str, str]) -> None:
    """Make both users in the product's database, or give them the current password and roles."""
    database = client[env["MONGO_DB"]]
    for user, names in ROLES.items():
        roles = [{"role": name, "db": database.name} for name in names]
        create_or_update_user(database, user, env[find_login("MONGO", user).secret], roles)


def create_or_update_user(database: Database, user: str, password: str, roles: list[dict[str, str]]) -> None:
    """Create the user in the database, or give an existing one this password and these roles."""
    try:
        database.command("createUser", user, pwd=password, roles=roles)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        database.command("updateUser", user, pwd=password, roles=roles)
