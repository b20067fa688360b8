"""The commands of the lake: `make` calls them in the lake's own .venv-lake."""

import csv
import logging
import os
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import psycopg2
import typer
from deltalake.exceptions import DeltaError

from dashboard.settings import read_address
from include.dbt import SERVER_AWAY
from include.environment import read_env
from include.errors import is_ours
from include.failures import is_transient
from lakehouse import bronze, files, maintenance, publications, query, silver
from lakehouse.lake import Version
from lakehouse.place import ENV, this_lake, warehouse


def _version(text: str) -> Version:
    """Read the number of a version, or a time; one without a zone is of UTC."""
    if text.isdigit():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither a number nor a time, as 2024-09-02T06:00") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"AS_OF must be a day, as 2024-09-02, not {text!r}") from None


Table = Annotated[str, typer.Argument(metavar="TABLE", help="Such as silver.postgres_users.")]
Wanted = Annotated[str, typer.Argument(metavar="VERSION", help="A number, or a time.")]
AsOf = Annotated[str, typer.Option(metavar="AS_OF", help="A publication: its number, or a time.")]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="One query; none: list publications and tables.")]
Day = Annotated[str, typer.Option(metavar="DAY", help="Business day of the files; none: today.")]
DataDir = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder with the three files, not raw.")]
Host = Annotated[str, typer.Option(metavar="HOST", help="Of the warehouse, with port and login of .env.")]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def load(data_dir: DataDir = None, as_of: Day = "", host: Host = "") -> None:
    """Land what changed in raw, or in three files, in bronze; merge it into silver."""
    lake, now = this_lake(), datetime.now(UTC)
    if data_dir:
        landings = files.land(lake, data_dir, files.Batch(_day(as_of) if as_of else now.date(), now))
    else:
        with warehouse(host) as connection:
            landings = bronze.land(connection, lake, now)
    merged = {one.table: one for one in silver.merge(lake)}
    line = "{:<28}{:>12}{:>12}{:>12}{:>12}"
    print(line.format("table", "landed", "quarantined", "inserted", "updated"))
    for one in landings:
        counts = (one.landed, one.quarantined, merged[one.table].inserted, merged[one.table].updated)
        print(line.format(one.table, *(f"{count:,}" for count in counts)))


@app.command()
def gold() -> None:
    """Let dbt build the star of what was loaded, and test it."""
    # Not at the top: no other command needs dbt.
    from lakehouse.gold import build_star

    build_star(this_lake())


@app.command()
def build(data_dir: DataDir = None, as_of: Day = "", host: Host = "") -> None:
    """Do all of it: load, let dbt build and test the star, and publish that."""
    load(data_dir, as_of, host)
    gold()
    publish()


@app.command()
def publish() -> None:
    """Let readers see the newest version of every table, if the star passed its tests."""
    print(f"Readers see publication {publications.publish(this_lake()).number}")


@app.command()
def rollback() -> None:
    """Let readers see the publication before; once more takes it back."""
    print(f"Readers see publication {publications.roll_back(this_lake()).number}")


@app.command()
def history(table: Table) -> None:
    """List the versions of a table, newest first."""
    for one in maintenance.history(this_lake(), table):
        rows = "" if one.rows is None else f"{one.rows:,} rows"
        print(
            f"{one.version:>6}  {one.committed_at:%Y-%m-%d %H:%M:%S}  {one.operation:<14}{rows:>16}".rstrip()
        )


@app.command()
def restore(table: Table, version: Wanted) -> None:
    """Make a table what it was at a version or a time, and let readers see it."""
    print(f"{table} is again as in version {maintenance.restore(this_lake(), table, _version(version))}")


@app.command()
def maintain() -> None:
    """Compact tables, and remove files that no kept publication needs."""
    for one in maintenance.maintain(this_lake(), datetime.now(UTC)):
        print(f"{one.table:<44}{one.compacted:>6,} files made{one.removed:>8,} removed")


# A query may begin with the dashes of a comment.
@app.command(context_settings={"ignore_unknown_options": True})
def sql(q: Query = "", as_of: AsOf = "") -> None:
    """Ask the lake as readers see it, now or as of a publication or a time; get CSV."""
    lake, version = this_lake(), _version(as_of) if as_of else None
    if q.strip():
        csv.writer(sys.stdout, lineterminator="\n").writerows(query.ask(lake, q, version))
        return
    _print_publications(publications.publications(lake))
    for table, found in query.seen_by_readers(lake, version).versions.items():
        print(f"{query.shown_name(table):<44} version {found}")


@app.command()
def dashboard() -> None:
    """Serve the dashboard's pages of the star that readers of the lake see, until Ctrl-C."""
    # Not at the top: no other command needs them.
    from dashboard.__main__ import serve
    from lakehouse.dashboard import LakeSource

    lake, (host, port) = this_lake(), read_address({**read_env(ENV), **os.environ})
    print(f"Dashboard of the lake {lake.settings.root}: http://{host}:{port}\nStop with Ctrl-C.", flush=True)
    logging.getLogger().setLevel(logging.INFO)
    serve(LakeSource(lake), host, port)


def _print_publications(found: Iterable[publications.Published]) -> None:
    for one in found:
        print(f"publication {one.number:<6} {one.published_at:%Y-%m-%d %H:%M:%S} UTC  {one.action}")


def main() -> None:
    """Run a command; an error that people can mend is a sentence, and the exit code 1.

    It is SERVER_AWAY where another try can help.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app()
    except Exception as error:
        if not is_ours(error) and not isinstance(error, (psycopg2.OperationalError, DeltaError, OSError)):
            raise
        print(str(error).strip(), file=sys.stderr)
        sys.exit(SERVER_AWAY if is_transient(error) else 1)


if __name__ == "__main__":
    main()
