"""Measure what questions for metrics take, from marts and from the fact.

Data flow: star_raw.sql -> raw -> dbt build -> the same questions with and without marts, as bi_reader.
Run by `make bench-metrics`; SIZE and ROUNDS in the environment. Prints, and adds to metrics_results.md.
"""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from psycopg2.extensions import cursor as Cursor

from benchmarks.measuring import add_line, asked
from benchmarks.star import Warehouse, warehouse
from cli.warehouse import connect
from include.metrics import Definitions, Question, ask, ask_for, compile_question, read_definitions

RESULTS = Path(__file__).parent / "metrics_results.md"
# Metrics, by, where: all of them a mart can answer.
QUESTIONS = (
    ("sessions,watch_hours,completion_rate,active_users", "day", ""),
    ("sessions,watch_hours,completion_rate,active_users", "month", ""),
    ("active_users,sessions_per_user", "week", ""),
    ("watch_hours,completion_rate", "plan,month", ""),
    ("watch_hours,smart_tv_share,uhd_share", "country", "plan=Premium"),
    ("sessions,average_session_minutes", "device,quality", "quarter=2024-Q2"),
    ("watch_hours", "title", "content_type=movie"),
    ("sessions_growth,watch_hours_growth,active_users_growth", "month", ""),
    ("genre_sessions,genre_completion_rate", "genre", ""),
    ("new_users,churn_rate,subscribers", "month", ""),
    ("retention_rate", "months_since_registration", ""),
    ("cost_per_watched_hour", "content_type", ""),
)
FACT = "fct_viewing_sessions"
MODELS = ("build", "--exclude-resource-types", "unit_test", "test")


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 5)
    definitions = read_definitions()
    without_marts = definitions.without_marts()
    with warehouse() as where:
        build(where, size)
        with connect(where.env, "bi_reader") as connection, connection.cursor() as cursor:
            connection.autocommit = True
            found = [compare(cursor, question, definitions, without_marts, rounds) for question in QUESTIONS]
    slowest = max(mart for mart, _ in found)
    gain = statistics.median(fact / mart for mart, fact in found)
    add_line(RESULTS, f"{datetime.now(UTC):%Y-%m-%d}", f"{size:,}", f"{slowest:.0f}", f"{gain:.0f}")


def build(where: Warehouse, size: int) -> None:
    """Build a star of so many sessions, where readers look."""
    where.psql("elt_loader", "-v", f"sessions={size}", "-f", str(Path(__file__).parent / "star_raw.sql"))
    where.run("postgres", "vacuum (analyze)")
    where.dbt(*MODELS, "--full-refresh")
    where.run("postgres", "vacuum (analyze)")


def compare(
    cursor: Cursor, texts: tuple[str, str, str], definitions: Definitions, without: Definitions, rounds: int
) -> tuple[float, float]:
    """Ask the question of marts and of the fact by turns; print and return the median milliseconds."""
    question = ask_for(*texts)
    tables = compile_question(definitions, question).tables
    if FACT in tables:
        raise RuntimeError(f"{texts} reads the fact")
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for given, spent in zip((definitions, without), times, strict=True):
            spent.append(milliseconds(cursor, given, question))
    mart, fact = map(statistics.median, times)
    print(
        f"{mart:8.1f} ms  fact {fact:8.0f} ms  {' by '.join(filter(None, texts))}: {', '.join(tables)}",
        flush=True,
    )
    return mart, fact


def milliseconds(cursor: Cursor, definitions: Definitions, question: Question) -> float:
    """Return what an answer takes, its compilation included."""
    begun = time.perf_counter()
    ask(cursor, definitions, question)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    main()
