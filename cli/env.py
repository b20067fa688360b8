"""Complete .env and print it for a shell: every variable exported, every value quoted."""

import hashlib
import shlex

from include.environment import ROOT, ensure_env


def print_exports() -> None:
    """Print `export NAME=value` lines, and a hash of all values.

    Compose does not see that a secret changed; the hash is a label of every container, and so makes it new.
    """
    settings = ensure_env(ROOT / ".env")
    digest = hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()
    for name, value in (settings | {"SETTINGS_HASH": digest}).items():
        print(f"export {name}={shlex.quote(value)}")
