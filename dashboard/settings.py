"""Where the warehouse is, as whom to read it, and where to serve: all from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.errors import InputError
from include.logins import find_login

SECRETS = Path("/run/secrets")
LOGIN = find_login("WAREHOUSE", "bi_reader")
NEEDED = ("WAREHOUSE_HOST", "WAREHOUSE_PORT", "WAREHOUSE_DB")


@dataclass(frozen=True)
class Settings:
    """The login of bi_reader as libpq takes it, and the address to listen at."""

    warehouse: Mapping[str, str]
    host: str
    port: int

    @property
    def place(self) -> str:
        """Return the warehouse's address, without a secret."""
        return "{host}:{port}, database {dbname}".format(**self.warehouse)


def read_settings(env: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings. Raises InputError, with the name, where one is missing."""
    secret = SECRETS / LOGIN.secret
    env = {**env, **({LOGIN.secret: secret.read_text(encoding="utf-8")} if secret.is_file() else {})}
    if missing := [name for name in (*NEEDED, LOGIN.secret) if not env.get(name)]:
        raise InputError(f"{', '.join(missing)} must be set: `make dashboard` and `make up` do it")
    return Settings(LOGIN.parameters(env), *read_address(env))


def read_address(env: Mapping[str, str]) -> tuple[str, int]:
    """Return the host and the port to listen at. Raises InputError for what is no port."""
    port = env.get("DASHBOARD_PORT") or "8501"
    if not port.isdecimal() or int(port) > 65535:
        raise InputError(f"DASHBOARD_PORT must be a port, not {port!r}")
    return env.get("DASHBOARD_HOST") or "127.0.0.1", int(port)
