"""`make docs`: dbt's site of the data model, with lineage and column descriptions, until Ctrl-C.

The embedded databases run while dbt reads what is really there; the site itself is one page that needs none.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from cli import LOCAL, CommandError, end_cleanly_on_signals
from cli.warehouse import this_place
from include.dbt import run_dbt
from include.embedded import parts
from include.embedded.watch import Part, watched
from include.environment import pipeline_variables
from include.publish.schema_marker import TRUSTED
from include.waiting import announced

REMEDY = "`make docs` once more starts it again."
SITE = LOCAL / "dbt" / "docs" / "site"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the terminal for what people should read."""


def serve_docs(port: int) -> None:
    """Make the site and serve it until it is interrupted; 0 is any port that is free."""
    end_cleanly_on_signals()
    try:
        # Before the site is made, which takes a while: a port that is taken is told at once.
        with _server(port) as server:
            with this_place() as env, watched(_parts(env), REMEDY), announced("dbt to write the site"):
                make_site(env)
            print(f"\nData model: http://127.0.0.1:{server.server_port}\nStop with Ctrl-C.", flush=True)
            server.serve_forever()
    except KeyboardInterrupt:
        print("\nStopped.")


def _parts(env: Mapping[str, str]) -> list[Part]:
    """Return the databases, which dbt cannot lose and go on."""
    return [replace(part, restart=None) for part in parts(LOCAL, env)]


def _server(port: int) -> ThreadingHTTPServer:
    """Take the port on the loopback interface. Raises CommandError when it cannot be had."""
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), partial(_QuietHandler, directory=SITE))
    except (OSError, OverflowError) as error:
        raise CommandError(f"Port {port} cannot be used ({error}): name another, make docs PORT=…") from error


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
