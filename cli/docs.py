"""`make docs`: dbt's site of the data model, with lineage and column descriptions, until Ctrl-C.

The embedded databases run while dbt reads what is really there; the site itself is one page that needs none.
"""

import argparse
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from cli import LOCAL, end_cleanly_on_signals
from include.dbt import DbtError, run_dbt
from include.embedded import EmbeddedServerError, databases
from include.environment import pipeline_variables
from include.publish.schema_marker import TRUSTED

SITE = LOCAL / "dbt" / "docs" / "site"
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
        with _server(port) as server:
            _serve(server)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 0
    except (DbtError, EmbeddedServerError, OSError) as error:
        print(error, file=sys.stderr)
    return 1


def _server(port: int) -> ThreadingHTTPServer:
    # Before the site is made, which takes a while: a port that is taken is told at once.
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(_QuietHandler, directory=SITE))
    except (OSError, OverflowError) as error:
        raise OSError(f"Port {port} cannot be used ({error}): name another, make docs PORT=…") from error


def _serve(server: ThreadingHTTPServer) -> None:
    with databases(LOCAL) as env:
        make_site(env)
    print(f"\nData model: http://127.0.0.1:{server.server_port}\nStop with Ctrl-C.", flush=True)
    server.serve_forever()


def make_site(env: Mapping[str, str]) -> None:
    """Write the site's one page into a folder that holds nothing else.

    `env` is that of `databases`. Raises DbtError when the warehouse cannot be read.
    """
    settings = pipeline_variables(env)
    # Not the next star, which may be half built: the one that people read.
    options = ("--static", "--vars", f"trusted_schema: {TRUSTED}")
    target = run_dbt("docs", "generate", *options, settings=settings, work_dir=SITE.parent)
    SITE.mkdir(exist_ok=True)
    shutil.copy(target / "static_index.html", SITE / "index.html")


if __name__ == "__main__":
    sys.exit(main())
