"""`make demo`: one run of the pipeline on embedded databases, from nothing to a printed star.

Starts the databases and Airflow's components, triggers the DAG over REST, follows it, prints what it did, and
stops everything. The exit code says whether the run succeeded.
"""

import sys
import time
from collections.abc import Mapping
from datetime import date, timedelta

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import AirflowError, components
from cli.airflow_api import AirflowApi, AirflowApiError
from cli.run import argument_parser, conf_of, run
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
    conf = _conf()
    started = time.monotonic()
    end_cleanly_on_signals()
    try:
        with databases(LOCAL) as env:
            _say("Databases are up", started)
            with components(LOCAL, env, free_port()) as url:
                _say("Airflow is up", started)
                code = run(AirflowApi(url, env["AIRFLOW_UI_PASSWORD"]), env, conf, LOCAL / "airflow" / "logs")
        if code == 0:
            print(NEXT.format(next_day=_next_day(conf)), end="")
        return code
    except (AirflowError, AirflowApiError, EmbeddedServerError) as error:
        print(f"\n{error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped; the next run goes on from here.", file=sys.stderr)
    finally:
        print(f"\nTook {time.monotonic() - started:.0f} s.")
    return 1


def _conf() -> dict[str, object]:
    conf = conf_of(argument_parser("make demo", __doc__).parse_args())
    # The first day of a demo is always the same; files of one's own have no day.
    conf = conf or {"as_of": ANCHOR.isoformat()}
    # A demo's sources hold what it has just brought there: whatever that replaces was meant to go.
    return {**conf, "allow_mass_deletion": True}


def _next_day(conf: Mapping[str, object]) -> date:
    return date.fromisoformat(str(conf.get("as_of", ANCHOR))) + timedelta(days=1)


def _say(what: str, started: float) -> None:
    print(f"{what} ({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
