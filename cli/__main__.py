"""The command line: `make` calls it here, and in the scheduler's container of the Compose stack.

Each command imports what it needs when it runs: so all of them start fast.
"""

import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Literal

import typer
from typer.core import TyperGroup

# Commands without arguments: function, role of the warehouse's connection that it takes, help.
SIMPLE = {
    "ui": ("cli.ui:serve_ui", None, "Serve Airflow's UI on the demo's databases until Ctrl-C."),
    "quarantine": ("cli.quarantine:print_quarantine", "elt_loader", "Show which rows could not be loaded."),
    "replay": ("cli.replay:replay_everything", None, "Try the rows in quarantine again."),
    "check-sources": ("cli.check_sources:check_sources", None, "Say what the reader sees of each source."),
    "reconcile": ("cli.reconcile:print_last_run", "elt_loader", "Show how sources, raw and star compared."),
    "publications": ("cli.publications:print_latest", "dbt_transformer", "List what readers were given."),
    "rollback": ("cli.publications:roll_back", "dbt_transformer", "Give readers the previous version again."),
    "reset": ("cli.reset:reset_local", None, "Stop what runs here and forget all local data; .env stays."),
    "data-model": ("cli.data_model:update_documents", None, "Write anew what repeats dbt's models."),
    "source-models": ("cli.source_models:write_source_models", None, "Write what dbt knows of raw anew."),
    "env": ("cli.env:print_exports", None, "Complete .env and print it for a shell."),
}


class Commands(TyperGroup):
    """Commands whose exit code is what they return, and whose errors are told by their message."""

    def invoke(self, ctx: typer.Context) -> None:
        """Run the command, and end. Only errors that are not the platform's own keep their traceback."""
        code = None
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has enough, like `head`. Without this Python would write once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in {"cli", "include"}:
                raise
            print(error, file=sys.stderr)
            code = 1
        raise typer.Exit(code or 0)


def _day(text: str) -> date:
    """Read a day, YYYY-MM-DD."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"invalid fromisoformat value: {text!r}", param_hint="--as-of") from error


def _imported_when_run(function: str, role: str | None) -> Callable[[], int | None]:
    """Return a command that imports its function when it runs, and gives it a connection as the role."""

    def command() -> int | None:
        if role is None:
            return resolve_name(function)()
        with resolve_name("cli.warehouse:warehouse")(role) as connection:
            return resolve_name(function)(connection)

    return command


AsOf = Annotated[date | None, typer.Option(parser=_day, metavar="DAY", help="Business day, e.g. 2024-09-02.")]
DataDir = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder with your own three files.")]
FullRefresh = Annotated[bool, typer.Option("--full-refresh", help="Build the star from nothing.")]
Query = Annotated[str, typer.Argument(metavar="QUERY", help="One statement.")]
Source = Annotated[str, typer.Argument(metavar="SOURCE", help="The id of a connection; none: list them.")]
Role = Annotated[Literal["bi_reader", "admin"], typer.Option("--as", help="Who asks; admin is the owner.")]
Port = Annotated[int, typer.Option(metavar="PORT", help="0 is any that is free.")]

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
def docs(port: Port = 0) -> None:
    """Serve dbt's site of the data model until Ctrl-C."""
    from cli.docs import serve_docs

    serve_docs(port)


for _name, (_function, _role, _help) in SIMPLE.items():
    app.command(_name, help=_help)(_imported_when_run(_function, _role))

if __name__ == "__main__":
    app()
