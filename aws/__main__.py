"""The commands of AWS: `make` calls them in its own .venv-aws."""

import logging
import os
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from aws.emulator import PARAMETERS, emulator
from aws.stack import Stack
from aws.steps import log_in
from include.environment import read_env
from include.errors import UnexpectedError, is_ours
from include.generate import ANCHOR
from include.seed.files import prepare_files
from include.settings import read_settings
from lakehouse.checksums import star_checksums
from lakehouse.place import ENV, this_lake

NAME = "video-streaming"

Day = Annotated[str, typer.Option(metavar="DAY", help="Business day of the files, as 2024-09-02.")]
DataDir = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder with the three files.")]
Email = Annotated[str, typer.Option(metavar="ADDRESS", help="Who is told of failed runs; none: nobody.")]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def deploy(email: Email = "") -> None:
    """Bring the stack of the account that boto3 finds up to date, with the code of its jobs."""
    stack = Stack(NAME)
    stack.deploy({"AlarmEmail": email} if email else {})
    for name, value in stack.outputs().items():
        print(f"{name:<16}{value}")


@app.command()
def run(data_dir: DataDir, as_of: Day) -> None:
    """Put the files of a day into the landing bucket, run the state machine, and wait for its end."""
    stack, day = Stack(NAME), date.fromisoformat(as_of)
    stack.put_files(data_dir, day)
    _run(stack, day)


@app.command()
def local(data_dir: DataDir = None, as_of: Day = "") -> None:
    """Deploy to an emulator, run a day there, and print the star's checksums; nothing is left."""
    day = date.fromisoformat(as_of) if as_of else ANCHOR
    with tempfile.TemporaryDirectory() as folder, emulator(Path(folder, "aws")) as variables:
        os.environ.update(variables)
        stack = Stack(NAME)
        stack.deploy(PARAMETERS)
        print("The stack is deployed to an emulator")
        stack.put_files(data_dir or _demo_files(Path(folder), day), day)
        _run(stack, day)
        _print_checksums(stack)


def _demo_files(folder: Path, day: date) -> Path:
    """Generate the files that a demo has on that day, and return their folder."""
    settings = replace(read_settings(read_env(ENV)), data_root=folder)
    return Path(prepare_files(settings, day).folder)


def _run(stack: Stack, day: date) -> None:
    """Run a day. Raises UnexpectedError, with the cause, for one that failed."""
    done = stack.run(day)
    if done.status != "SUCCEEDED":
        raise UnexpectedError(f"The run of {day} ended as {done.status}: {done.cause}")
    print(f"The run of {day} succeeded")


def _print_checksums(stack: Stack) -> None:
    log_in()
    os.environ["LAKE"] = stack.lake
    for table, (rows, checksum) in star_checksums(this_lake()).items():
        print(f"{table:<32}{rows:>12,}  {checksum}")


def main() -> None:
    """Run a command; an error that people can mend is a sentence, and the exit code 1."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app()
    except Exception as error:
        if not is_ours(error) and not isinstance(error, (BotoCoreError, ClientError, OSError)):
            raise
        sys.exit(str(error).strip())


if __name__ == "__main__":
    main()
