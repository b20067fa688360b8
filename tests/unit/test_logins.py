"""Logins are declared once: what cannot import them, Compose and the roles' SQL, must agree with the list."""

import re

import pytest

from include.environment import ROOT, read_env
from include.logins import BY_CONNECTION_ID, LOGINS, Login, find_login

# Server -> the folder of docker/ with its roles; MongoDB's users are made by Python from the list itself.
ROLES = {"SOURCE": "source-postgres", "WAREHOUSE": "warehouse"}


def test_connection_ids_and_roles_are_unique() -> None:
    assert len(BY_CONNECTION_ID) == 7
    assert len({(login.server, login.role) for login in LOGINS}) == len(LOGINS) == 9


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.secret)
def test_every_secret_is_a_setting_and_a_secret_of_compose(login: Login) -> None:
    assert read_env(ROOT / ".env.example")[login.secret] == ""
    compose = (ROOT / "docker-compose.yml").read_text()
    assert f"  {login.secret}: {{environment: {login.secret}}}\n" in compose


@pytest.mark.parametrize(
    "login", [login for login in LOGINS if login.server in ROLES and login.role != "postgres"]
)
def test_every_role_is_made_with_its_password(login: Login) -> None:
    roles = (ROOT / "docker" / ROLES[login.server] / "roles.sql").read_text()
    variable = re.search(rf"^alter role {login.role} password :'(\w+)';$", roles, re.M)
    assert variable, f"docker/{ROLES[login.server]}/roles.sql gives {login.role} no password"
    assert f"\\getenv {variable[1]} {login.secret}\n" in roles


def test_login_is_found_by_server_and_role() -> None:
    login = find_login("MONGO", "app")
    env = {"MONGO_HOST": "h", "MONGO_PORT": "1", "MONGO_DB": "d", "MONGO_APP_PASSWORD": "p"}
    assert login.parameters(env) == {"host": "h", "port": "1", "dbname": "d", "user": "app", "password": "p"}
    assert login.libpq_variables(env) == {
        "PGHOST": "h",
        "PGPORT": "1",
        "PGDATABASE": "d",
        "PGUSER": "app",
        "PGPASSWORD": "p",
    }
    with pytest.raises(KeyError):
        find_login("MONGO", "bi_reader")
