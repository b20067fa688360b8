"""The command line: `make` calls it here, and in the scheduler's container of the Compose stack.

Each command imports what it needs when it runs: so all of them start fast.
"""

import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Literal

import typer
from typer.core import TyperGroup

from cli.words import INTERRUPTED, open_standard_streams, refused, sentence
from include.days import EXAMPLE

# Commands without arguments: function, role of the warehouse's connection that it takes, help.
SIMPLE = {
    "ui": (
        "cli.ui:serve_ui",
        None,
        "Serve Airflow's UI and the dashboard, and watch the inbox, until Ctrl-C.",
    ),
    "dashboard": (
        "cli.dashboard:serve_dashboard",
        None,
        "Serve the dashboard on the demo's databases until Ctrl-C.",
    ),
    "dagster": (
        "cli.dagster:serve_dagster",
        None,
        "Serve Dagster's UI on the demo's databases.",
    ),
    "quarantine": ("cli.quarantine:print_quarantine", "elt_loader", "Show which rows could not be loaded."),
    "replay": ("cli.replay:replay_everything", None, "Try the rows in quarantine again."),
    "status": ("cli.status:print_status", None, "Say what runs, what ran, how fresh it is, what to do."),
    "check-sources": ("cli.check_sources:check_sources", None, "Say what the reader sees of each source."),
    "reconcile": ("cli.reconcile:print_last_run", "elt_loader", "Show how sources, raw and star compared."),
    "publications": ("cli.publications:print_latest", "dbt_transformer", "List what readers were given."),
    "plan": ("cli.plan:print_plan", "dbt_transformer", "Show what publishing would change."),
    "rollback": ("cli.publications:roll_back", "dbt_transformer", "Give readers the previous version again."),
    "reset": ("cli.reset:reset_local", None, "Stop what runs here and forget all local data; .env stays."),
    "data-model": ("cli.data_model:update_documents", None, "Write anew what repeats dbt's models."),
    "powerbi": ("cli.powerbi:write_project", None, "Write the Power BI project anew."),
    "pictures": ("cli.pictures:make_pictures", None, "Make the screenshots of README and docs anew."),
    "source-models": ("cli.source_models:write_source_models", None, "Write what dbt knows of raw anew."),
    "spark": ("cli.spark:build_gold", None, "Build the star on a Spark cluster of processes."),
    "k8s-settings": ("cli.k8s_settings:print_manifests", None, "Print .env as ConfigMap and Secret."),
    "env": ("cli.env:print_exports", None, "Complete .env and print it for a shell."),
}


class Commands(TyperGroup):
    """Commands whose exit code is what they return, and whose errors are told by their message."""

    def invoke(self, ctx: typer.Context) -> None:
        """Run the command, and end. Only errors that nobody can expect keep their traceback."""
        code = None
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has enough, like `head`.
            _write_no_more()
        except KeyboardInterrupt as interrupt:
            print(str(interrupt) or "\nInterrupted.", file=sys.stderr)
            code = INTERRUPTED
        except typer.BadParameter as error:
            if not isinstance(said := refused(error), str):
                raise
            print(said, file=sys.stderr)
            code = 2
        except Exception as error:
            if (said := sentence(error)) is None:
                raise
            print(said, file=sys.stderr)
            _write_no_more()
            code = 1
        raise typer.Exit(code or 0)


def _write_no_more() -> None:
    """Drop what is not yet written: else Python would try once more at its end."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _day(name: str) -> Callable[[str], date]:
    """Return what reads a day, YYYY-MM-DD. Which days there are depends on what is brought: `cli.run`."""

    def read(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(f"{name} must be a day, as {EXAMPLE}, not {text!r}") from error

    return read


def _reason(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter('REASON is empty: say why, as REASON="late sessions of August"')
    return text.strip()


def _port(text: str | int) -> int:
    """Read a port; 0 is any that is free. What is no port of a machine is refused where it is taken."""
    if not re.fullmatch("[0-9]+", str(text)):
        raise typer.BadParameter(f"{text!r} is no port. Name a whole number, make docs PORT=8081")
    return int(text)


def _folder(text: str) -> Path:
    if not text.strip():
        raise typer.BadParameter("DATA_DIR is empty: name the folder with your files, or leave it out")
    return Path(text)


def _query(text: str) -> str:
    if not text.strip().strip(";"):
        raise typer.BadParameter('Q is empty: make sql Q="select * from trusted.dim_dates limit 3"')
    return text


def _imported_when_run(function: str, role: str | None) -> Callable[[], int | None]:
    """Return a command that imports its function when it runs, and gives it a connection as the role."""

    def command() -> int | None:
        if role is None:
            return resolve_name(function)()
        with resolve_name("cli.warehouse:warehouse")(role) as connection:
            return resolve_name(function)(connection)

    return command


AsOf = Annotated[
    date | None, typer.Option(parser=_day("AS_OF"), metavar="DAY", help="Business day, e.g. 2024-09-02.")
]
DataDir = Annotated[
    Path | None, typer.Option(parser=_folder, metavar="FOLDER", help="Folder with your own three files.")
]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Build the star from nothing.")]
First = Annotated[date, typer.Option("--from", parser=_day("FROM"), metavar="DAY", help="First day.")]
Last = Annotated[date, typer.Option("--to", parser=_day("TO"), metavar="DAY", help="Last day.")]
Reason = Annotated[str, typer.Option(parser=_reason, metavar="TEXT", help="Kept as the runs' note.")]
Query = Annotated[str, typer.Argument(parser=_query, metavar="QUERY", help="One statement.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The id of a connection; none: list them.")]
Role = Annotated[Literal["bi_reader", "admin"], typer.Option("--as", help="Who asks; admin is the owner.")]
Port = Annotated[int, typer.Option(parser=_port, metavar="PORT", help="0 is any that is free.")]

Metrics = Annotated[str, typer.Argument(metavar="METRICS", help="Names with commas; none: list them.")]
By = Annotated[str, typer.Option(metavar="FIELDS", help="Dimensions and periods, as country,month.")]
Where = Annotated[str, typer.Option(metavar="CONDITIONS", help="As plan=Premium, month>=2024-06.")]

Metric = Annotated[str, typer.Argument(metavar="METRIC", help="Name of the metric; `metric` lists them.")]
Day = Annotated[str, typer.Option(metavar="DAY", help="Against the same weekday a week before.")]
Week = Annotated[str, typer.Option(metavar="DAY", help="Any day of the week, against the week before.")]

Column = Annotated[str, typer.Argument(metavar="COLUMN", help="Such as users.csv:country; none: write docs.")]

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="An empty one, or an earlier export.")]

open_standard_streams()
app = typer.Typer(
    cls=Commands,
    help="Run the platform, and look at what it did. `make` lists the same commands for people.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown" if sys.stdout.isatty() else None,
)


@app.command()
def demo(as_of: AsOf = None, data_dir: DataDir = None, full_refresh: FullRefresh = False) -> int:
    """Run everything here, without Docker, and print what it did."""
    from cli.demo import run_demo

    return run_demo(as_of, data_dir, full_refresh=full_refresh)


@app.command()
def run(as_of: AsOf = None, data_dir: DataDir = None, full_refresh: FullRefresh = False) -> int:
    """Trigger the pipeline where Airflow is up, and follow it."""
    from cli.run import run_where_airflow_is

    return run_where_airflow_is(as_of, data_dir, full_refresh=full_refresh)


@app.command()
def backfill(first: First, last: Last, reason: Reason) -> int:
    """Bring past days where Airflow is up, and ask before readers see them."""
    from cli.backfill import run_backfill

    return run_backfill(first, last, reason)


# A query may begin with the dashes of a comment.
@app.command(context_settings={"ignore_unknown_options": True})
def sql(query: Query, role: Role = "bi_reader") -> None:
    """Ask the warehouse, and get CSV."""
    from cli.sql import print_answer

    print_answer(query, role)


@app.command()
def discover(source: Source = "") -> None:
    """Read what a source holds, and propose entries for include/sources.yml."""
    from cli.discover import print_proposal

    print_proposal(source)


@app.command()
def metric(metrics: Metrics = "", by: By = "", where: Where = "") -> None:
    """Print metrics by dimensions, as dbt/models/semantic defines them."""
    from cli.metric import print_metric
    from cli.warehouse import warehouse

    with warehouse("dbt_transformer") as connection:
        print_metric(connection, metrics, by, where)


@app.command()
def why(metric: Metric, day: Day = "", week: Week = "") -> None:
    """Print which parts explain the change of a metric on a day or in a week."""
    from cli.warehouse import connect, this_place
    from cli.why import period_of, print_why

    period = period_of(day, week)
    with this_place() as env, connect(env, "dbt_transformer") as star, connect(env, "elt_loader") as loader:
        print_why(star, loader, metric, period)


@app.command()
def lineage(column: Column = "") -> None:
    """Print what a column, measure or visual is made from, and what breaks with it."""
    from cli.lineage import print_lineage, write_lineage

    print_lineage(column) if column else write_lineage()


@app.command()
def live(
    rate: Annotated[float, typer.Option(metavar="NUMBER", help="Events a second.", min=1)] = 100,
    minutes: Annotated[float, typer.Option(metavar="NUMBER", help="How long devices report.", min=1)] = 60,
) -> None:
    """Play devices that report through Kafka, and serve the live page, until Ctrl-C."""
    from cli.live import play_live

    play_live(rate, minutes)


@app.command()
def docs(port: Port = 0) -> None:
    """Serve dbt's site of the data model until Ctrl-C."""
    from cli.docs import serve_docs

    serve_docs(port)


@app.command()
def export(folder: Folder = Path("export")) -> int:
    """Write the dashboard's pages into a folder that opens from disk."""
    from cli.dashboard import export_dashboard

    return export_dashboard(folder)


for _name, (_function, _role, _help) in SIMPLE.items():
    app.command(_name, help=_help)(_imported_when_run(_function, _role))

if __name__ == "__main__":
    app()
