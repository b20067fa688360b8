"""Measure what it takes to compare two stars before one is published: a day with 1 % of changes.

Data flow: star_raw.sql -> raw, SIZE sessions -> dbt build of trusted and of trusted_next -> star_next_day.sql
-> dbt build of trusted_next -> the plan, ROUNDS times. Run by `.venv/bin/python -m benchmarks.plan`.
"""

import statistics
import time
from pathlib import Path

from benchmarks.measuring import asked
from benchmarks.metrics import MODELS, build
from benchmarks.star import Warehouse, warehouse
from cli.warehouse import connect
from include.dbt import run_dbt
from include.environment import connections
from include.metrics import read_definitions
from include.plan import compare_stars, page
from include.transaction import transaction


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 5)
    definitions = read_definitions()
    with warehouse() as where:
        build(where, size)
        build_next(where, "--full-refresh")
        where.psql("elt_loader", "-f", str(Path(__file__).parent / "star_next_day.sql"))
        build_next(where)
        seconds = []
        for _ in range(rounds):
            begun = time.perf_counter()
            with connect(where.env, "dbt_transformer") as connection, transaction(connection) as cursor:
                found = compare_stars(cursor, definitions)
            seconds.append(time.perf_counter() - begun)
    print(page(found, definitions))
    print(f"{size:,} sessions: {statistics.median(seconds):.1f} s, of {rounds} rounds")


def build_next(where: Warehouse, *options: str) -> None:
    """Build the star that readers do not see yet."""
    run_dbt(*MODELS, *options, settings=connections(where.env), work_dir=where.home)


if __name__ == "__main__":
    main()
