"""`make ui`: Airflow's UI on the embedded databases, until Ctrl-C."""

import signal
import socket
from contextlib import ExitStack, suppress

from cli import LOCAL, end_cleanly_on_signals
from cli.airflow import components
from cli.owner import owned
from include.embedded import databases
from include.embedded.processes import free_port


def serve_ui() -> None:
    """Serve the UI until it is interrupted."""
    end_cleanly_on_signals()
    with suppress(KeyboardInterrupt):
        _serve()
    print("\nStopped.")


def _serve() -> None:
    with ExitStack() as stack:
        stack.enter_context(owned("make ui"))
        env = stack.enter_context(databases(LOCAL))
        url = stack.enter_context(components(LOCAL, env, _port(int(env["AIRFLOW_PORT"]))))
        print(
            f"\nAirflow: {url}\nLogin:   admin / {env['AIRFLOW_UI_PASSWORD']}\nStop with Ctrl-C.", flush=True
        )
        signal.pause()


def _port(wanted: int) -> int:
    """Return the wanted port, or a free one when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            port = free_port()
            print(f"AIRFLOW_PORT {wanted} cannot be had ({error.strerror}): taking {port}", flush=True)
            return port
    return wanted
