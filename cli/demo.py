"""`make demo`: one run of the pipeline on embedded databases, from nothing to a printed star.

Starts the databases and Airflow's components, triggers the DAG over REST, follows it, prints what it did, and
stops everything. The exit code says whether the run succeeded.
"""

import argparse
import sys
import time
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import AirflowError, components
from cli.airflow_api import AirflowApi, AirflowApiError
from cli.failure import print_failure
from cli.follow import follow
from cli.summary import print_summary
from cli.warehouse import connect
from include.embedded import EmbeddedServerError, databases
from include.embedded.processes import free_port
from include.generate import ANCHOR

NEXT = """
What next
  make demo AS_OF={next_day}     the next day: see what changes
  make demo DATA_DIR=path        your own users.csv, viewing_sessions.csv and content.json
  make ui                        Airflow's UI on these databases
  make sql Q="select * from trusted.mart_daily_engagement order by date_key desc limit 7"
  make reset                     forget everything
"""


def main() -> int:
    """Run the demo; return 0 when the pipeline run succeeded."""
    arguments = _arguments()
    started = time.monotonic()
    end_cleanly_on_signals()
    try:
        with databases(LOCAL) as env:
            _say("Databases are up", started)
            with components(LOCAL, env, free_port()) as url:
                _say("Airflow is up", started)
                return _run(AirflowApi(url, env["AIRFLOW_UI_PASSWORD"]), env, arguments)
    except (AirflowError, AirflowApiError, EmbeddedServerError) as error:
        print(f"\n{error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped; the next run goes on from here.", file=sys.stderr)
    finally:
        print(f"\nTook {time.monotonic() - started:.0f} s.")
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--as-of", type=date.fromisoformat, help="business day, e.g. 2024-09-02")
    parser.add_argument("--data-dir", type=Path, help="folder with your own three files")
    return parser.parse_args()


def _run(api: AirflowApi, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    conf = _conf(arguments)
    api.wait_for_dag()
    run_id = api.trigger(conf)
    print(f"Run {run_id} of video_streaming_elt_pipeline, {conf}")
    if follow(api, run_id) != "success":
        print_failure(api, run_id, LOCAL / "airflow" / "logs")
        return 1
    with connect(env, "elt_loader") as loader, connect(env, "bi_reader") as reader:
        print_summary(loader, reader, run_id)
    next_day = date.fromisoformat(conf.get("as_of", ANCHOR.isoformat())) + timedelta(days=1)
    print(NEXT.format(next_day=next_day), end="")
    return 0


def _conf(arguments: argparse.Namespace) -> dict[str, str]:
    if arguments.data_dir:
        # The task runs elsewhere: a relative path means the caller's folder.
        conf = {"data_dir": str(arguments.data_dir.expanduser().resolve())}
        return conf | ({"as_of": arguments.as_of.isoformat()} if arguments.as_of else {})
    return {"as_of": (arguments.as_of or ANCHOR).isoformat()}


def _say(what: str, started: float) -> None:
    print(f"{what} ({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
