"""`make discover SOURCE=`: read what a source holds, and print entries for include/sources.yml."""

import sys

from cli import CommandError
from cli.sources import known_sources, settings, source_environment

HEADING = (
    "Proposed for {source}: copy what you want into include/sources.yml. Each doubt is yours to settle;"
    " docs/own-sources.md says what the words mean"
)


def print_proposal(source: str) -> None:
    """Print the proposal as YAML. Raises CommandError without a source, and where it cannot be read."""
    if not source:
        known = ", ".join(known_sources(settings()))
        raise CommandError(f"Which source? make discover SOURCE=<id of a connection>. Known are {known}.")
    with source_environment(source):
        print(_proposal(source), end="")


def _proposal(source: str) -> str:
    # Airflow is slow to import, and only this needs it.
    from include.connections import engine_of, mongo, postgres
    from include.discover import discover_collections, discover_tables, yaml_of
    from include.tables import SOURCES

    if engine_of(source) == "postgres":
        with postgres(source, readonly=True) as connection:
            proposal = discover_tables(connection, source, SOURCES)
    else:
        with mongo(source) as database:
            proposal = discover_collections(database, source, SOURCES, _say)
    return yaml_of(proposal, HEADING.format(source=source))


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
