"""`make replay`: try the rows in quarantine again, after a rule or the row itself was mended."""

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import tee

from psycopg2.extensions import connection as Connection

from cli import LOCAL, CommandError
from cli.output import print_table
from cli.warehouse import connect, this_place
from include.environment import pipeline_variables, plays_product
from include.errors import WarehouseInUseError
from include.extract_load import load_table
from include.ops.warehouse_claim import Claimant, at_work
from include.replay import Replay, replay_documents, replay_extraction, replay_table
from include.run import Batch, Run
from include.specs import MongoCollection, PostgresTable
from include.tables import SOURCES

# Nobody waits for a replay that has ended, however it did.
AT_WORK_ONLY = timedelta(0)
NEWEST_DAY = "select max(as_of) from ops.load_runs"
HEADERS = ("", "replayed", "still rejected", "superseded")
LINE = "{:24}{:>12}{:>16}{:>12}"
NEXT = "\nSource and raw have them now; the star takes them over with the next run."


def replay_everything() -> None:
    """Replay everything and print what became of it. Raises CommandError when nothing was loaded yet."""
    # Outside of a component, Airflow would make itself a home in the user's.
    os.environ.setdefault("AIRFLOW_HOME", str(LOCAL / "airflow"))
    with this_place() as env, connect(env, "elt_loader") as loader:
        os.environ.update(pipeline_variables(env) | {"SOURCES": env.get("SOURCES", "")})
        batch = Batch(f"replay__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}", _newest_day(loader))
        with _alone(env, batch):
            _replay(loader, batch)


@contextmanager
def _alone(env: Mapping[str, str], batch: Batch) -> Iterator[None]:
    """Have the warehouse to this command. Raises CommandError while a run works on it."""
    claimant = Claimant("make replay", batch.batch_id, socket.gethostname())
    try:
        with connect(env, "elt_loader") as other, at_work(other, claimant, lambda _: True, AT_WORK_ONLY):
            yield
    except WarehouseInUseError as error:
        raise CommandError(f"{error}. Nothing was replayed: try again when it has ended") from None


def _replay(loader: Connection, batch: Batch) -> None:
    printed, counted = tee(_replays(loader, batch))
    print_table(HEADERS, LINE, ((r.name, r.replayed, r.still_rejected, r.superseded) for r in printed))
    if any(replay.replayed for replay in counted):
        print(NEXT)


def _newest_day(loader: Connection) -> date:
    """Return the newest day that was loaded. Raises CommandError when there is none."""
    with loader, loader.cursor() as cursor:
        cursor.execute(NEWEST_DAY)
        if (day := cursor.fetchone()[0]) is None:
            raise CommandError("Nothing was loaded yet: run `make demo` or `make run` first.")
        return day


def _replays(loader: Connection, batch: Batch) -> Iterator[Replay]:
    """Replay table by table: each into its source, then from there into raw."""
    # Airflow is slow to import, and only this needs it.
    from include.connections import source

    # What the loads log is printed as a table.
    logging.disable(logging.INFO)
    for declared in SOURCES:
        is_played = declared.file and plays_product(os.environ)
        if is_played:
            yield _replay_seed(declared, loader)
        with source(declared) as server:
            if is_played and isinstance(declared, PostgresTable):
                # Its rules are constraints of the source: an extraction rejects nothing.
                load_table(server, loader, declared, Run(batch))
            else:
                yield replay_extraction(server, loader, declared, batch)


def _replay_seed(declared: PostgresTable | MongoCollection, loader: Connection) -> Replay:
    """Replay what was rejected of a file into the source that is played."""
    from include.connections import mongo, postgres

    if isinstance(declared, PostgresTable):
        with postgres("source_postgres_app") as app:
            return replay_table(app, loader, declared)
    with mongo("source_mongo_app") as product:
        return replay_documents(product, loader, declared)
