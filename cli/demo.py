"""`make demo`: one run of the pipeline on embedded databases, from nothing to a printed star.

Starts the databases and Airflow's components, triggers the DAG over REST, follows it, prints what it did, and
stops everything.
"""

import sys
import time
from datetime import date, timedelta
from pathlib import Path

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import PROMPT, components
from cli.airflow_api import AirflowApi
from cli.owner import owned
from cli.patience import patiently
from cli.run import conf_of, give_up_interrupted, refuse_wrong_arguments, run
from include.days import LAST
from include.embedded import databases
from include.embedded.processes import free_port
from include.environment import ROOT, plays_product, read_env
from include.generate import ANCHOR
from include.tables import FILES

INTERRUPTED = "Interrupted. Everything is stopped; the next run goes on from here."
NEXT = """
What next
  make demo AS_OF={next_day}     the next day: see what changes
  make demo DATA_DIR=path        your own {files}
  make dashboard                 the star, looked at
  make ui                        Airflow's UI and the dashboard on these databases
  make sql Q="select * from trusted.mart_daily_engagement order by date_key desc limit 7"
  make reset                     forget everything
"""
NEXT_OF_OWN = """
What next
  make demo                      once more: only what changed moves
  make reconcile                 how sources and raw compared
  make quarantine                rows that break a declared rule
  make dashboard                 the star, looked at
  make ui                        Airflow's UI and the dashboard on this warehouse
  make reset                     forget the warehouse; the sources stay as they are
"""


def run_demo(as_of: date | None, data_dir: Path | None, *, full_refresh: bool) -> int:
    """Run the demo; return 0 when the pipeline run succeeded."""
    refuse_wrong_arguments(read_env(ROOT / ".env"), as_of, data_dir)
    started, end = time.monotonic(), "\n"
    end_cleanly_on_signals()
    try:
        return _run(as_of, data_dir, full_refresh, started)
    except RuntimeError:
        # Its message does not follow the lines of progress at once.
        print(file=sys.stderr)
        raise
    except KeyboardInterrupt as error:
        # In one line with how long it took.
        end = " "
        raise KeyboardInterrupt(INTERRUPTED) from error
    finally:
        print(f"\nTook {time.monotonic() - started:.0f} s.", end=end, flush=True)


def _run(as_of: date | None, data_dir: Path | None, full_refresh: bool, started: float) -> int:
    with owned("make demo"), databases(LOCAL) as env:
        plays = plays_product(env)
        _say(
            "Databases are up" if plays else "The warehouse is up; SOURCES=existing: sources are only read",
            started,
        )
        # The first day of a demo is always the same; files and systems of one's own have no day.
        day = as_of or (ANCHOR if plays and not data_dir else None)
        conf = conf_of(day, data_dir, full_refresh=full_refresh)
        if plays:
            # The sources hold what the demo has just brought there: whatever that replaces was meant to go.
            conf["allow_mass_deletion"] = True
        # Nobody is there to approve.
        conf["quality_gate"] = "warn"
        with components(LOCAL, env, free_port(), PROMPT) as url:
            _say("Airflow is up", started)
            api = patiently(AirflowApi, url, env["AIRFLOW_UI_PASSWORD"])
            give_up_interrupted(api)
            code = run(api, env, conf, LOCAL / "airflow" / "logs")
    if code == 0:
        next_day = min(day or ANCHOR, LAST - timedelta(days=1)) + timedelta(days=1)
        print(NEXT.format(next_day=next_day, files=FILES) if plays else NEXT_OF_OWN, end="")
    return code


def _say(what: str, started: float) -> None:
    print(f"{what} ({time.monotonic() - started:.0f} s)", flush=True)
