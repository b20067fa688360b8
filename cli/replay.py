"""`make replay`: try the rows in quarantine again, after a rule or the row itself was mended."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

from psycopg2.extensions import connection as Connection

from cli import LOCAL
from cli.warehouse import connect, on_this_stack
from include.environment import pipeline_variables
from include.errors import GuardError, InputError
from include.run import Batch, Run
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES

NEWEST_DAY = "select max(as_of) from ops.load_runs where stage = 'seed'"
NEXT = "\nSource and raw have them now; the star takes them over with the next run."


def main() -> int:
    """Replay everything and print what became of it; return 1 when there is nothing to replay from."""
    argparse.ArgumentParser(prog="make replay", description=__doc__).parse_args()
    return on_this_stack(_replay)


def _replay(env: Mapping[str, str]) -> int:
    # Outside of a component, Airflow would make itself a home in the user's.
    os.environ.setdefault("AIRFLOW_HOME", str(LOCAL / "airflow"))
    os.environ.update(pipeline_variables(env))
    with connect(env, "elt_loader") as loader:
        as_of = _newest_day(loader)
        if as_of is None:
            print("Nothing was loaded yet: run `make demo` or `make run` first.", file=sys.stderr)
            return 1
        try:
            _print_replays(loader, Batch(f"replay__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}", as_of))
        except (InputError, GuardError) as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _newest_day(loader: Connection) -> date | None:
    with loader, loader.cursor() as cursor:
        cursor.execute(NEWEST_DAY)
        return cursor.fetchone()[0]


def _print_replays(loader: Connection, batch: Batch) -> None:
    print(f"{'':24}{'replayed':>12}{'still rejected':>16}{'superseded':>12}")
    replayed = 0
    for replay in _replays(loader, batch):
        replayed += replay.replayed
        print(f"{replay.name:24}{replay.replayed:>12,}{replay.still_rejected:>16,}{replay.superseded:>12,}")
    if replayed:
        print(NEXT)


def _replays(loader: Connection, batch: Batch) -> Iterator:
    # Airflow is slow to import, and only this needs it.
    from include.connections import mongo, postgres
    from include.extract_load import load_table
    from include.replay import replay_documents, replay_extraction, replay_table

    # What the loads log is printed as a table.
    logging.disable(logging.INFO)
    with postgres("source_postgres_app") as app, postgres("source_postgres") as reader:
        for table in POSTGRES_TABLES:
            yield replay_table(app, loader, table)
            load_table(reader, loader, table, Run(batch))
    with mongo("source_mongo_app") as product, mongo("source_mongo") as catalogue:
        for collection in MONGO_COLLECTIONS:
            yield replay_documents(product, loader, collection)
            yield replay_extraction(catalogue, loader, collection, batch)


if __name__ == "__main__":
    sys.exit(main())
