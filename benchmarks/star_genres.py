"""Weigh the view of sessions by genre against a table of the same rows: what it costs, what queries take.

Data flow: star_raw.sql -> raw -> dbt build -> the view, and its rows as a table with the indexes that a model
would have -> the same queries of both -> star_next_day.sql -> dbt build -> the touched months of the table.
Run by `python -m benchmarks.star_genres`; SIZE and ROUNDS in the environment. Prints only: the decision is
docs/adr/0020-sessions-by-genre-are-a-view.md.
"""

import statistics
import time

from benchmarks.measuring import asked
from benchmarks.star import FOLDER, Warehouse, measured, warehouse
from cli.warehouse import connect

VIEW, TABLE = "trusted.fct_viewing_sessions_by_genre", "plain.sessions_by_genre"
MODELS = ("build", "--exclude-resource-types", "unit_test", "test")
MAKE = (
    ("table, all rows", f"create table {TABLE} as select * from {VIEW}"),
    ("its unique index", f"create unique index on {TABLE} (session_id, genre_key)"),
    ("its index by date", f"create index on {TABLE} (watch_date)"),
)
SIZES = """
select relname, pg_size_pretty(pg_table_size(oid)), pg_size_pretty(pg_indexes_size(oid))
from pg_class where oid in ('trusted.fct_viewing_sessions'::regclass, to_regclass(%s))
"""
MONTHS = """
watch_date >= (
    select min(date_trunc('month', watch_date)) from trusted.fct_viewing_sessions
    where _loaded_at = (select max(_loaded_at) from trusted.fct_viewing_sessions)
)
"""
TOUCHED = (
    ("touched months, deleted", f"delete from {TABLE} where {MONTHS}"),
    ("touched months, inserted", f"insert into {TABLE} select * from {VIEW} where {MONTHS}"),
)
QUERIES = {
    "minutes by genre": "select genre_key, sum(watch_minutes) from {} group by 1",
    "by genre and month": (
        "select genre_key, date_trunc('month', watch_date), sum(watch_minutes) from {} group by 1, 2"
    ),
    "one month by genre": (
        "select genre_key, sum(watch_minutes) from {}"
        " where watch_date >= '2024-08-01' and watch_date < '2024-09-01' group by 1"
    ),
    "by genre and device": "select genre_key, device_key, sum(weight) from {} group by 1, 2",
    "people by genre": "select genre_key, count(distinct user_id) from {} group by 1",
}


def spend(where: Warehouse, steps: tuple[tuple[str, str], ...]) -> None:
    """Run the statements, each in a connection of its own, and print what each cost."""
    for what, sql in steps:
        with measured(where) as costs:
            where.run("postgres", sql)
        print(f"{what:28} {costs[0]}", flush=True)


def ask(where: Warehouse, rounds: int) -> None:
    """Send each query to view and table by turns; print the median milliseconds of both."""
    with connect(where.env, "postgres") as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(SIZES, (TABLE,))
        print(cursor.fetchall())
        for name, sql in QUERIES.items():
            times: dict[str, list[float]] = {VIEW: [], TABLE: []}
            for _ in range(rounds):
                for relation, spent in times.items():
                    begun = time.perf_counter()
                    cursor.execute(sql.format(relation))
                    cursor.fetchall()
                    spent.append((time.perf_counter() - begun) * 1000)
            view, table = (statistics.median(spent) for spent in times.values())
            print(f"{name:28} view {view:8.0f} ms   table {table:8.0f} ms", flush=True)


def main() -> None:
    size, rounds = asked("SIZE", 2_000_000), asked("ROUNDS", 5)
    with warehouse() as where:
        where.psql("elt_loader", "-v", f"sessions={size}", "-f", str(FOLDER / "star_raw.sql"))
        where.run("postgres", "vacuum (analyze)")
        where.dbt(*MODELS, "--full-refresh")
        where.run("postgres", "create schema plain")
        spend(where, MAKE)
        where.run("postgres", "vacuum (analyze)")
        ask(where, rounds)
        where.psql("elt_loader", "-f", str(FOLDER / "star_next_day.sql"))
        where.dbt(*MODELS)
        spend(where, TOUCHED)


if __name__ == "__main__":
    main()
