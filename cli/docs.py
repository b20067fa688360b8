"""`make docs`: dbt's site of the data model, with lineage and column descriptions, until Ctrl-C.

The embedded databases run while dbt reads what is really there; the site itself is one page that needs none.
"""

import argparse
import contextlib
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cli import LOCAL, end_cleanly_on_signals
from cli.dbt import DbtError, run_dbt
from include.embedded import EmbeddedServerError, databases
from include.environment import pipeline_variables

ANY_FREE_PORT = 0


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the terminal for what people should read."""


def main() -> int:
    """Make the site and serve it until it is interrupted."""
    parser = argparse.ArgumentParser(prog="make docs", description=__doc__)
    parser.add_argument("--port", type=int, default=ANY_FREE_PORT, help="default: any that is free")
    port = parser.parse_args().port
    if not (LOCAL / "postgres" / "PG_VERSION").exists():
        print("There is no warehouse yet: run `make demo` first.", file=sys.stderr)
        return 1
    end_cleanly_on_signals()
    try:
        with databases(LOCAL) as env:
            site = make_site(env, LOCAL / "dbt" / "docs")
        with contextlib.suppress(KeyboardInterrupt):
            serve(site, port)
    except KeyboardInterrupt:
        return 1
    except (DbtError, EmbeddedServerError, OSError, OverflowError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\nStopped.")
    return 0


def make_site(env: Mapping[str, str], work_dir: Path) -> Path:
    """Write the site's one page, and return the folder that holds it and nothing else.

    `env` is that of `databases`. Raises DbtError when the warehouse cannot be read.
    """
    settings = pipeline_variables(env)
    target = run_dbt("docs", "generate", "--static", settings=settings, work_dir=work_dir)
    site = work_dir / "site"
    site.mkdir(exist_ok=True)
    shutil.copy(target / "static_index.html", site / "index.html")
    return site


def serve(site: Path, port: int) -> None:
    """Serve the folder to this machine alone, until interrupted; raises OSError when the port is taken."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_QuietHandler, directory=site))
    except OSError as error:
        raise OSError(
            f"Port {port} cannot be used: {error.strerror}. Name another: make docs PORT=…"
        ) from error
    with server:
        print(f"\nData model: http://127.0.0.1:{server.server_port}\nStop with Ctrl-C.", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
