"""`make run`: trigger the pipeline where it runs already, follow it, and print what it did.

Runs beside `make ui`, or inside the scheduler's container of the Compose stack.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import psycopg2

from cli import LOCAL
from cli.airflow_api import AirflowApi, AirflowApiError
from cli.container import SECRETS, read_secrets
from cli.failure import print_failure
from cli.follow import follow
from cli.summary import print_published, print_summary
from cli.warehouse import connect


def main() -> int:
    """Run the pipeline once; return 0 when it succeeded."""
    parser = argument_parser("make run", __doc__)
    try:
        url, env, logs = _in_container() if SECRETS.is_dir() else _beside_ui()
        return run(AirflowApi(url, env["AIRFLOW_UI_PASSWORD"]), env, conf_of(parser.parse_args()), logs)
    except AirflowApiError as error:
        print(error, file=sys.stderr)
        return 1


def argument_parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the two things that a run can be told."""
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument("--as-of", type=date.fromisoformat, help="business day, e.g. 2024-09-02")
    parser.add_argument("--data-dir", type=Path, help="folder with your own three files")
    return parser


def conf_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the run's parameters. A relative folder means the caller's: the task runs elsewhere."""
    conf = {"as_of": arguments.as_of.isoformat()} if arguments.as_of else {}
    if arguments.data_dir:
        conf["data_dir"] = str(arguments.data_dir.expanduser().resolve())
    return conf


def run(api: AirflowApi, env: Mapping[str, str], conf: dict[str, object], logs: Path) -> int:
    """Trigger a run, follow it and print its summary, or why it failed."""
    api.wait_for_dag()
    api.unpause()
    run_id = api.trigger(conf)
    print(f"Run {run_id} of video_streaming_elt_pipeline, {conf or 'today'}")
    if follow(api, run_id) != "success":
        print_failure(api, run_id, logs)
        # The warehouse may be what failed.
        with suppress(psycopg2.Error), connect(env, "elt_loader") as loader:
            print_published(loader)
        return 1
    with connect(env, "elt_loader") as loader, connect(env, "bi_reader") as reader:
        print_summary(loader, reader, run_id)
    return 0


def _in_container() -> tuple[str, Mapping[str, str], Path]:
    env = {**os.environ, **read_secrets(SECRETS)}
    return "http://airflow-apiserver:8080", env, Path("/opt/airflow/logs")


def _beside_ui() -> tuple[str, Mapping[str, str], Path]:
    # Not at the top: the image has no embedded servers.
    from include import embedded
    from include.embedded.processes import is_running, port_of

    pid_file = LOCAL / "airflow" / "api-server.pid"
    if not is_running(pid_file):
        raise AirflowApiError(
            "Nothing is up: start `make up` (Docker) or `make ui` first, or take `make demo`."
        )
    return f"http://127.0.0.1:{port_of(pid_file)}", embedded.start(LOCAL), LOCAL / "airflow" / "logs"


if __name__ == "__main__":
    sys.exit(main())
