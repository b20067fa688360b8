"""Complete .env and print it for a shell: every variable exported, every value quoted."""

import hashlib
import shlex
import sys

from include.environment import ROOT, ensure_env


def main() -> None:
    """Print `export NAME=value` lines, and a hash of all values.

    Compose does not see that a secret changed; the hash is a label of every container, and so makes it new.
    """
    settings = ensure_env(ROOT / ".env")
    digest = hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()
    for name, value in (settings | {"SETTINGS_HASH": digest}).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
