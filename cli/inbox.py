"""Start a run for each set of files that people put into the inbox: `python -m cli.inbox AIRFLOWS_URL`.

Data flow: a look every LOOK_SECONDS -> a set that is ready -> a copy in DATA_ROOT/inbox -> a run.

A run is named for the fingerprint of its files, and Airflow takes no second run of a name. So each set runs
once, whatever is restarted, touched or put there again, and nothing need be remembered.
"""

import logging
import sys
import time
from pathlib import Path

from cli import CommandError, end_cleanly_on_signals
from cli.container import SECRETS, with_secrets
from cli.file_sets import remove_old_copies, remove_unfinished
from cli.inbox_watch import Inbox, run_id_of
from include.environment import ROOT, read_env
from include.settings import read_settings

log = logging.getLogger(__name__)

LOOK_SECONDS = 2
# Touched at each look, for the health check of the container.
ALIVE = ".alive"
NOT_PLAYED = "SOURCES=existing in .env: the sources are only read, so files start nothing"


def start_run(url: str, password: str, copy: Path, origin: str) -> bool:
    """Start the copy's run, and remove old copies; return False when it had one. Raises CommandError."""
    # Not at the top: it would be a third more memory for an inbox that nobody uses.
    from cli.airflow_api import AirflowApi
    from include.airflow_api import AirflowApiError, AirflowUnreachableError

    try:
        api = AirflowApi(url, password)
        in_use = {(run["conf"] or {}).get("data_dir") for run in api.unfinished_runs()}
        is_new = api.trigger_once(run_id_of(copy), {"data_dir": str(copy)}, f"Files of {origin}")
    except AirflowUnreachableError as error:
        raise CommandError(f"Airflow does not answer at {url}") from error
    except AirflowApiError as error:
        raise CommandError(str(error)) from error
    remove_old_copies(copy.parent, in_use | {str(copy)})
    return is_new


def watch(url: str) -> None:
    """Look at the inbox until the process is told to end."""
    env = with_secrets() if SECRETS.is_dir() else read_env(ROOT / ".env")
    settings = read_settings(env)
    copies = settings.data_root / "inbox"
    copies.mkdir(parents=True, exist_ok=True)
    remove_unfinished(copies)
    password = env["AIRFLOW_UI_PASSWORD"]
    inbox = Inbox(settings.inbox, copies, lambda copy, origin: start_run(url, password, copy, origin))
    log.info("Watching %s", settings.inbox if settings.plays else NOT_PLAYED)
    while True:
        if settings.plays:
            inbox.look()
        (copies / ALIVE).touch()
        time.sleep(LOOK_SECONDS)


def main() -> None:
    """Watch for the Airflow at the URL of the command line."""
    end_cleanly_on_signals()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    try:
        watch(sys.argv[1])
    except KeyboardInterrupt:
        log.info("Stopped")


if __name__ == "__main__":
    main()
