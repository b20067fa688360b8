"""Who logs in where: the one list of roles, servers, secrets and Airflow connections.

Everything else takes it from here: Airflow's connections, dbt's login, the commands, MongoDB's users. The
roles themselves are made by docker/*/roles.sql and `schema/mongo_users.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Login:
    """A role on a server.

    `server` is the prefix of _HOST, _PORT and _DB in .env, `secret` the variable with the password there. No
    task uses a login without a `connection_id`: it is for people and commands.
    """

    role: str
    server: str
    secret: str
    connection_id: str | None = None

    @property
    def is_for_playing(self) -> bool:
        """Whether it writes into a source, which only the platform that plays the product does."""
        return self.role == "app"

    def parameters(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return host, port, dbname, user and password as libpq's drivers take them."""
        return {
            "host": env[f"{self.server}_HOST"],
            "port": env[f"{self.server}_PORT"],
            "dbname": env[f"{self.server}_DB"],
            "user": self.role,
            "password": env[self.secret],
        }

    def libpq_variables(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return the same as the environment of psql: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD."""
        names = {"dbname": "PGDATABASE"}
        return {names.get(name, f"PG{name.upper()}"): value for name, value in self.parameters(env).items()}


LOGINS = (
    Login("elt_reader", "SOURCE", "SOURCE_READER_PASSWORD", "source_postgres"),
    Login("app", "SOURCE", "SOURCE_APP_PASSWORD", "source_postgres_app"),
    Login("elt_reader", "MONGO", "MONGO_READER_PASSWORD", "source_mongo"),
    Login("app", "MONGO", "MONGO_APP_PASSWORD", "source_mongo_app"),
    Login("elt_loader", "WAREHOUSE", "ELT_LOADER_PASSWORD", "warehouse"),
    Login("dbt_transformer", "WAREHOUSE", "DBT_TRANSFORMER_PASSWORD", "warehouse_publisher"),
    Login("bi_reader", "WAREHOUSE", "BI_READER_PASSWORD", "warehouse_reader"),
    Login("stream_loader", "WAREHOUSE", "STREAM_LOADER_PASSWORD"),
    Login("postgres", "WAREHOUSE", "POSTGRES_PASSWORD"),
)
BY_CONNECTION_ID = {login.connection_id: login for login in LOGINS if login.connection_id}


def find_login(server: str, role: str) -> Login:
    """Return the role's login on the server: SOURCE, MONGO or WAREHOUSE. Raises KeyError for another."""
    return {(login.server, login.role): login for login in LOGINS}[server, role]
