"""`make ui`: Airflow's UI, the dashboard and the inbox on the embedded databases, until Ctrl-C."""

import signal
from contextlib import ExitStack, suppress

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import components
from cli.dashboard import dashboard
from cli.inbox_process import inbox
from cli.owner import owned
from cli.ports import port_of
from include.embedded import databases
from include.environment import plays_product


def serve_ui() -> None:
    """Serve them until the command is interrupted."""
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt):
        _serve()
    print("\nStopped.")


def _serve() -> None:
    with ExitStack() as stack:
        stack.enter_context(owned("make ui"))
        env = stack.enter_context(databases(LOCAL))
        airflow = stack.enter_context(components(LOCAL, env, port_of(env, "AIRFLOW_PORT")))
        pages = stack.enter_context(dashboard(LOCAL, env))
        if plays_product(env):
            stack.enter_context(inbox(LOCAL, airflow))
        print(
            f"\nAirflow:   {airflow}\nLogin:     admin / {env['AIRFLOW_UI_PASSWORD']}\nDashboard: {pages}\n"
            "Stop with Ctrl-C.",
            flush=True,
        )
        signal.pause()
