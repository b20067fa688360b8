"""Measure the dashboard on a big star: the copy of a publication, and pages that nobody has asked for before.

Data flow: star_raw.sql -> raw -> dbt build -> DuckDB -> pages. Run by `make bench-dashboard`; SIZE in the
environment. Prints, and adds a line to dashboard_results.md.
"""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from flask.testing import FlaskClient

from benchmarks.measuring import add_line, asked
from benchmarks.metrics import build
from benchmarks.star import PUBLICATION, warehouse
from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.settings import LOGIN, Settings
from dashboard.warehouse import Warehouse

RESULTS = Path(__file__).parent / "dashboard_results.md"
ALL_DAYS = "from=2022-09-01&to=2024-08-31"
ADDRESSES = (
    "/users",
    "/content",
    "/usage",
    f"/users?{ALL_DAYS}&country=Spain&country=Japan",
    f"/content?{ALL_DAYS}&plan=Premium&device=Mobile",
    f"/usage?{ALL_DAYS}&content_type=movie",
    f"/usage?{ALL_DAYS}&genre=Drama&device=Mobile&plan=Basic",
    f"/content?{ALL_DAYS}&genre=Drama",
    f"/sessions?{ALL_DAYS}&device=Mobile",
    f"/sessions?{ALL_DAYS}&genre=Drama",
    "/why/watch_hours?week=2024-08-19",
    "/why/active_users?week=2024-08-19",
)


def main() -> None:
    size = asked("SIZE", 2_000_000)
    with warehouse() as where:
        build(where, size)
        where.run("elt_loader", PUBLICATION)
        publications = Publications(Warehouse(Settings(LOGIN.parameters(where.env), "127.0.0.1", 0)))
        begun = time.perf_counter()
        publications.refresh()
        copied = time.perf_counter() - begun
        if publications.state.problem:
            raise RuntimeError(publications.state.problem)
        print(f"{copied:8.2f} s   copy of {size:,} sessions", flush=True)
        client = create_app(publications).test_client()
        times = [seconds(client, address) for address in ADDRESSES]
    slowest, median = max(times), statistics.median(times)
    add_line(
        RESULTS,
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{size:,}",
        f"{copied:.1f}",
        f"{median:.2f}",
        f"{slowest:.2f}",
    )


def seconds(client: FlaskClient, address: str) -> float:
    """Return what the page takes the first time."""
    begun = time.perf_counter()
    answer = client.get(address)
    spent = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status}")
    print(f"{spent:8.2f} s   {address}", flush=True)
    return spent


if __name__ == "__main__":
    main()
