"""How long a publication takes, and how long readers wait for it: a star with a fact of 2 M rows.

Run it by hand: .venv/bin/python -m benchmarks.publish
"""

import tempfile
import time
from datetime import date
from pathlib import Path

from psycopg2.extensions import connection as Connection

from cli.warehouse import connect
from include import embedded, publish
from include.run import Batch
from include.schema.ddl import create_warehouse_tables

FACTS = 2_000_000
FACT = f"""
create table trusted_next.fct_viewing_sessions as
select
    'S' || lpad(i::text, 7, '0') as session_id, hashtextextended(i::text, 1) as user_key,
    hashtextextended(i::text, 2) as content_key, 20240101 + i % 300 as date_key,
    hashtextextended((i % 6)::text, 3) as device_key, hashtextextended((i % 4)::text, 3) as quality_level_key,
    date '2024-01-01' + i % 300 as watch_date, (i % 200)::numeric(10, 2) as watch_duration_minutes,
    (i % 100)::numeric(5, 2) as completion_percentage, i % 2 = 0 as is_completed,
    now()::timestamp as _loaded_at, now()::timestamp as _user_loaded_at
from generate_series(1, {FACTS}) as i
"""
MARKER = (
    """comment on schema trusted_next is '{"state": "tested", "batch_id": "run %s", "invocation_id": "%s"}'"""
)
CHECKSUMS = {
    "rows counted only": "count(*)",
    "rows hashed": "sum(hash_record_extended(f, 0))",
    "their text hashed": "sum(hashtextextended(f::text, 0))",
}


def main() -> None:
    """Print the seconds of publications, how long they lock readers out, and what checksums cost."""
    home = Path(tempfile.mkdtemp(prefix="streaming-bench-"))
    try:
        env = embedded.start(home, home / ".env")
        with connect(env, "elt_loader") as loader, connect(env, "dbt_transformer") as transformer:
            create_warehouse_tables(loader)
            for number in range(3):
                _publish(transformer, number)
            _checksums(transformer)
    finally:
        embedded.reset(home)


def _publish(transformer: Connection, number: int) -> None:
    with transformer, transformer.cursor() as cursor:
        cursor.execute("drop table if exists trusted_next.fct_viewing_sessions")
        cursor.execute(FACT)
        for table in range(10):
            name = f"trusted_next.dim_{table}"
            cursor.execute(f"drop table if exists {name}")
            cursor.execute(
                f"create table {name} as select i, md5(i::text) from generate_series(1, 5000) as i"
            )
        cursor.execute(MARKER % (number, number))
    locked = []
    lock_out_readers = publish._lock_out_readers
    publish._lock_out_readers = lambda cursor: locked.append(time.monotonic()) or lock_out_readers(cursor)
    started = time.monotonic()
    publish.publish(transformer, Batch(f"run {number}", date(2024, 9, 1)))
    ended = time.monotonic()
    publish._lock_out_readers = lock_out_readers
    print(
        f"published in {ended - started:.1f} s, readers locked out for {1000 * (ended - locked[-1]):.0f} ms"
    )


def _checksums(transformer: Connection) -> None:
    for name, expression in CHECKSUMS.items():
        with transformer, transformer.cursor() as cursor:
            started = time.monotonic()
            cursor.execute(f"select {expression} from trusted.fct_viewing_sessions as f")
            print(f"{name}: {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
