"""Complete .env and print it for a shell: every variable exported, every value quoted."""

import hashlib
import json
import shlex

from include.environment import OWN_CONNECTIONS, ROOT, ensure_env, own_connections


def print_exports() -> None:
    """Print `export NAME=value` lines, and a hash of all values.

    Compose does not see that a secret changed; the hash is a label of every container, and so makes it new.
    """
    settings = ensure_env(ROOT / ".env")
    # Of any number and any names; Compose needs to know the name of a secret.
    settings[OWN_CONNECTIONS] = json.dumps(own_connections(settings))
    digest = hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()
    for name, value in (settings | {"SETTINGS_HASH": digest}).items():
        print(f"export {name}={shlex.quote(value)}")
