"""The steps of a day, each a Glue job: `python -m aws.steps land users --day 2024-09-01`.

What they do is the lakehouse's own. Here it gets a login, the day's files, and metrics.
"""

import logging
import os
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import ClientError
from deltalake.exceptions import DeltaError

from aws.metrics import put_landings
from include.errors import InputError, TransientError, is_ours
from include.failures import is_transient
from include.tables import PLAYED, raw_tables
from lakehouse import gate, publications, silver
from lakehouse.files import Batch, land_file
from lakehouse.place import this_lake

SOURCES = {source.name: source for source in PLAYED}

Source = Annotated[str, typer.Argument(metavar="SOURCE", help="Such as users.")]
Table = Annotated[str, typer.Argument(metavar="TABLE", help="A raw table, such as postgres_users.")]
# The schedule gives the time of the run.
Day = Annotated[str, typer.Option(metavar="DAY", help="Business day of the files; of a time its day counts.")]
Landing = Annotated[str, typer.Option(metavar="BUCKET", envvar="LANDING", help="Bucket with the files.")]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def land(source: Source, day: Day, landing: Landing) -> None:
    """Land the file of one source in bronze."""
    as_of, found = date.fromisoformat(day[:10]), SOURCES[source]
    with tempfile.TemporaryDirectory() as folder:
        _fetch(landing, f"{as_of}/{found.file}", Path(folder, found.file))
        landings = land_file(this_lake(), Path(folder), found, Batch(as_of, datetime.now(UTC)))
    for one in landings:
        print(f"Landed {one.landed:,} rows of {one.table} ({one.quarantined:,} quarantined)")
    put_landings(boto3.client("cloudwatch"), landings)


@app.command(name="silver")
def merge(table: Table) -> None:
    """Merge one table of bronze into silver."""
    merged = silver.merge_table(this_lake(), raw_tables()[table])
    print(f"Merged into {table}: {merged.inserted:,} rows inserted, {merged.updated:,} updated")


@app.command(name="gate")
def check() -> None:
    """Hold that silver is what bronze says, before anything is built of it."""
    for table, rows in gate.check(this_lake()).items():
        print(f"{table} is what bronze says: {rows:,} live rows")


@app.command()
def gold() -> None:
    """Let dbt build the star, and test it."""
    # Not at the top: no other step needs dbt.
    from lakehouse.gold import build_star

    build_star(this_lake())


@app.command()
def publish() -> None:
    """Let readers see the newest version of every table, if the star passed its tests."""
    print(f"Readers see publication {publications.publish(this_lake()).number}")


def log_in() -> None:
    """Give the lakehouse the login that boto3 finds; in Glue it is the role's, lent for some hours."""
    session = boto3.Session()
    login = session.get_credentials().get_frozen_credentials()
    os.environ |= {
        "LAKE_ACCESS_KEY_ID": login.access_key,
        "LAKE_SECRET_ACCESS_KEY": login.secret_key,
        "LAKE_SESSION_TOKEN": login.token or "",
        "LAKE_REGION": session.region_name,
        "LAKE_ENDPOINT": os.environ.get("AWS_ENDPOINT_URL", ""),
    }


def _fetch(bucket: str, key: str, path: Path) -> None:
    """Copy an object into a file. Raises InputError where there is no such object."""
    try:
        boto3.client("s3").download_file(bucket, key, str(path))
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        raise InputError(
            f"s3://{bucket}/{key} is not there. Put the day's file there, and run again"
        ) from None


def main() -> None:
    """Run a step. Of a failure the last line is a sentence: RunJob tries again what begins as transient."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log_in()
    try:
        app()
    except Exception as error:
        if not is_ours(error) and not isinstance(error, (DeltaError, ClientError, OSError)):
            raise
        kind = TransientError if is_transient(error) else type(error)
        sys.exit(f"{kind.__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
