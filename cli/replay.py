"""`make replay`: try the rows in quarantine again, after a rule or the row itself was mended."""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import tee

from psycopg2.extensions import connection as Connection

from cli import LOCAL, CommandError
from cli.output import print_table
from cli.warehouse import connect, this_place
from include.environment import pipeline_variables
from include.run import Batch, Run
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES

NEWEST_DAY = "select max(as_of) from ops.load_runs where stage = 'seed'"
HEADERS = ("", "replayed", "still rejected", "superseded")
LINE = "{:24}{:>12}{:>16}{:>12}"
NEXT = "\nSource and raw have them now; the star takes them over with the next run."


def replay_everything() -> None:
    """Replay everything and print what became of it. Raises CommandError when nothing was loaded yet."""
    # Outside of a component, Airflow would make itself a home in the user's.
    os.environ.setdefault("AIRFLOW_HOME", str(LOCAL / "airflow"))
    with this_place() as env, connect(env, "elt_loader") as loader:
        os.environ.update(pipeline_variables(env))
        batch = Batch(f"replay__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}", _newest_day(loader))
        printed, counted = tee(_replays(loader, batch))
        print_table(HEADERS, LINE, ((r.name, r.replayed, r.still_rejected, r.superseded) for r in printed))
        if any(replay.replayed for replay in counted):
            print(NEXT)


def _newest_day(loader: Connection) -> date:
    """Return the day that the sources hold. Raises CommandError when they hold none."""
    with loader, loader.cursor() as cursor:
        cursor.execute(NEWEST_DAY)
        if (day := cursor.fetchone()[0]) is None:
            raise CommandError("Nothing was loaded yet: run `make demo` or `make run` first.")
        return day


def _replays(loader: Connection, batch: Batch) -> Iterator:
    """Replay table by table: each into its source, then from there into raw."""
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
