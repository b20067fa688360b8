"""`python -m dashboard serve`, or `export FOLDER`: what `make dashboard`, Compose and `make export` start."""

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

import waitress

from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.settings import read_settings
from dashboard.source import Source
from dashboard.warehouse import Warehouse
from include.errors import InputError

THREADS = 8
MOST_CONNECTIONS = 1000


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dashboard", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the pages until SIGTERM or SIGINT")
    commands.add_parser("export", help="write the pages into a folder").add_argument("folder", type=Path)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = read_settings()
        if arguments.command == "serve":
            serve(Warehouse(settings), settings.host, settings.port)
        else:
            from dashboard.export import export

            export(Warehouse(settings), arguments.folder)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def serve(source: Source, host: str, port: int) -> None:
    """Serve what the source publishes until the process is told to end.

    Raises InputError where the address cannot be had.
    """
    # Readers that wait for a moment are no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    publications = Publications(source)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=publications.follow, name="publications", daemon=True).start()
    app = create_app(publications)
    try:
        waitress.serve(
            app,
            host=host,
            port=port,
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS,
            ident=None,
        )
    except KeyboardInterrupt:
        pass
    except OSError as error:
        wrong = f"{host}:{port} cannot be had ({error.strerror}): name another DASHBOARD_PORT in .env"
        raise InputError(wrong) from None
    finally:
        publications.end()


if __name__ == "__main__":
    sys.exit(main())
