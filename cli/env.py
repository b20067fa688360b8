"""Complete .env and print it for a shell: every variable exported, every value quoted."""

import shlex
import sys

from include.environment import ROOT, ensure_env


def main() -> None:
    """Print `export NAME=value` lines."""
    for name, value in ensure_env(ROOT / ".env").items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


if __name__ == "__main__":
    main()
