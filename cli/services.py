"""What of the platform runs on this machine: embedded servers, Airflow's components, the dashboard."""

from collections.abc import Iterator
from pathlib import Path

from cli import airflow, dashboard
from cli.output import print_table
from include import embedded
from include.embedded import lock
from include.embedded.processes import is_running, is_stopped, port_of
from include.embedded.watch import Part
from include.environment import ROOT, read_env

# An Airflow that is busy may take longer: then its state is unknown, and nobody waited for it.
HEALTH_SECONDS = 1
LINE = "  {:26}{:12}{}"
NOTHING = "Nothing runs here. `make ui` serves Airflow and the dashboard, `make demo` runs the pipeline"


def print_services(home: Path) -> None:
    """Print each server of the folder with its state and address, and which command has started them."""
    found = [*embedded.parts(home, read_env(ROOT / ".env")), *airflow.parts(home), dashboard.part(home)]
    if not any(is_running(one.pid_file) for one in found):
        print(NOTHING)
        return
    owner = lock.owner_of(home)
    print(f"Services{f', of {owner}' if owner else ''}")
    print_table([""] * 3, LINE, list(_rows(found)))


def _rows(parts: list[Part]) -> Iterator[tuple[str, str, str]]:
    """Yield name, state and address of each part; of Airflow's also what the api-server says is ill."""
    api_server = next(part.pid_file for part in parts if part.pid_file.name == "api-server.pid")
    health = {}
    if is_running(api_server):
        health = airflow.health(f"http://127.0.0.1:{port_of(api_server)}", HEALTH_SECONDS)
    for part in parts:
        told = health.get(part.pid_file.stem.replace("-", "_"), "")
        yield part.name, _state(part.pid_file), _address(part.pid_file) + ("" if told == "healthy" else told)


def _state(pid_file: Path) -> str:
    if is_stopped(pid_file):
        return "stands still"
    return "up" if is_running(pid_file) else "down"


def _address(pid_file: Path) -> str:
    """Return where the part listens; the scheduler and the dag-processor do not."""
    if not is_running(pid_file) or pid_file.stem in {"scheduler", "dag-processor"}:
        return ""
    scheme = "http://" if pid_file.stem in {"api-server", "dashboard"} else ""
    return f"{scheme}127.0.0.1:{port_of(pid_file)}"
