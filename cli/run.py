"""`make run`: trigger the pipeline where it runs already, follow it, and print what it did.

Runs beside `make ui`, or inside the scheduler's container of the Compose stack.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import date
from pathlib import Path

import psycopg2

from cli import LOCAL, CommandError, end_cleanly_on_signals
from cli.airflow_api import AirflowApi
from cli.container import SECRETS, with_secrets
from cli.failure import print_failure
from cli.follow import follow
from cli.patience import PATIENCE_SECONDS, PAUSE_SECONDS, patiently
from cli.summary import print_published, print_summary
from cli.warehouse import connect, is_lost
from include.days import refuse_day
from include.environment import ROOT, plays_product, read_env
from include.parameters import FULL_REFRESH
from include.seed.files import checked_folder, expanded

REMEDY = "Start `make ui` again; the run goes on with it."


def run_where_airflow_is(as_of: date | None, data_dir: Path | None, *, full_refresh: bool) -> int:
    """Run the pipeline once on the Airflow that is up; return 0 when the run succeeded."""
    refuse_wrong_arguments(settings_here(), as_of, data_dir)
    conf = conf_of(as_of, data_dir, full_refresh=full_refresh)
    with airflow_that_is_up() as (api, env, logs):
        return run(api, env, conf, logs)


def settings_here() -> Mapping[str, str]:
    """Return the settings of this container, or of .env."""
    return with_secrets() if SECRETS.is_dir() else read_env(ROOT / ".env")


@contextmanager
def airflow_that_is_up() -> Iterator[tuple[AirflowApi, Mapping[str, str], Path]]:
    """Yield the API of the Airflow that is up, its settings and logs. Raises CommandError without one."""
    is_container = SECRETS.is_dir()
    url, env, logs = _in_container() if is_container else _beside_ui()
    with nullcontext() if is_container else _supervised(env):
        yield patiently(AirflowApi, url, env["AIRFLOW_UI_PASSWORD"]), env, logs


def refuse_wrong_arguments(env: Mapping[str, str], as_of: date | None, data_dir: Path | None) -> None:
    """Judge AS_OF and DATA_DIR by the settings, before anything starts. Raises CommandError or InputError."""
    plays = plays_product(env)
    if data_dir is not None and not plays:
        raise CommandError("SOURCES=existing in .env: the sources are only read, leave DATA_DIR out")
    if as_of:
        refuse_day("AS_OF", as_of, is_generated=plays and data_dir is None)
    if data_dir is not None:
        checked_folder(str(data_dir))


def conf_of(as_of: date | None, data_dir: Path | None, *, full_refresh: bool) -> dict[str, object]:
    """Return the run's parameters. A relative folder means the caller's: the task runs elsewhere."""
    conf: dict[str, object] = {"as_of": as_of.isoformat()} if as_of else {}
    if data_dir:
        conf["data_dir"] = str(expanded(str(data_dir)).resolve())
    return conf | ({"mode": FULL_REFRESH} if full_refresh else {})


def run(api: AirflowApi, env: Mapping[str, str], conf: Mapping[str, object], logs: Path) -> int:
    """Trigger a run, follow it and print its summary, or why it failed."""
    patiently(api.wait_for_dag)
    patiently(api.unpause)
    for before in patiently(api.unfinished_runs):
        print(f"First Airflow finishes run {before['dag_run_id']}, {before['conf'] or 'today'}", flush=True)
    run_id = patiently(api.trigger, conf)
    print(f"Run {run_id} of video_streaming_elt_pipeline, {conf or 'today'}", flush=True)
    return tell_end(api, env, run_id, follow(api, run_id), logs)


def tell_end(api: AirflowApi, env: Mapping[str, str], run_id: str, state: str, logs: Path) -> int:
    """Print the summary of a run that has ended, or why it failed; return 0 when it succeeded."""
    if state != "success":
        print_failure(api, run_id, logs)
        # The warehouse may be what failed.
        with suppress(psycopg2.Error), connect(env, "elt_loader") as loader:
            print_published(loader)
        return 1
    try:
        with connect(env, "elt_loader") as loader, connect(env, "bi_reader") as reader:
            print_summary(loader, reader, run_id)
    except psycopg2.Error as error:
        if not is_lost(error):
            raise
        raise CommandError(f"The run succeeded; its summary cannot be read: {str(error).strip()}") from error
    return 0


def give_up_interrupted(api: AirflowApi) -> None:
    """End what an interrupted command left unfinished: the next run brings it, by its own configuration.

    Only for an Airflow that nobody else can have triggered. What the tasks had committed stays.
    """
    patiently(api.wait_for_dag)
    give_up(api, lambda _: True, "was interrupted: it is given up")


def give_up(api: AirflowApi, is_meant: Callable[[str], bool], why: str) -> None:
    """End the unfinished runs whose ids are meant, and say why of each."""
    deadline, told = time.monotonic() + PATIENCE_SECONDS, set()
    # More than once: a scheduler that is at work on a run may write its state again, even that it went well.
    while time.monotonic() < deadline:
        unfinished = [run for run in patiently(api.unfinished_runs) if is_meant(run["dag_run_id"])]
        again = [run_id for run_id in told if patiently(api.run_state, run_id) == "success"]
        if not unfinished and not again:
            return
        for run in unfinished:
            if run["dag_run_id"] not in told:
                print(f"Run {run['dag_run_id']}, {run['conf'] or 'today'}, {why}", flush=True)
            told.add(run["dag_run_id"])
        for run_id in {*again, *(run["dag_run_id"] for run in unfinished)}:
            patiently(api.give_up, run_id)
        time.sleep(PAUSE_SECONDS)


def _in_container() -> tuple[str, Mapping[str, str], Path]:
    return "http://airflow-apiserver:8080", with_secrets(), Path("/opt/airflow/logs")


def _beside_ui() -> tuple[str, Mapping[str, str], Path]:
    """Return address, settings and logs of the Airflow of `make ui`. Raises CommandError without it."""
    # Not at the top: the image has no embedded servers.
    from include import embedded
    from include.embedded.processes import is_running, port_of

    pid_file = LOCAL / "airflow" / "api-server.pid"
    if not is_running(pid_file):
        raise CommandError("Nothing is up: start `make up` (Docker) or `make ui` first, or take `make demo`.")
    return f"http://127.0.0.1:{port_of(pid_file)}", embedded.found(LOCAL), LOCAL / "airflow" / "logs"


def _supervised(env: Mapping[str, str]) -> AbstractContextManager[None]:
    """Watch what the run depends on. What dies is started again by the command that owns it, or by nobody."""
    # Not at the top: the image has no embedded servers.
    from cli.owner import supervised_beside_owner

    end_cleanly_on_signals()
    return supervised_beside_owner(env, REMEDY)
