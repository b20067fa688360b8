"""`make metric M=watch_hours BY=country,month WHERE="plan=Premium"`: a KPI by dimensions, as a table."""

from collections.abc import Sequence

import psycopg2
from psycopg2.extensions import connection as Connection

from cli import CommandError
from cli.output import print_table
from cli.sql import star_needed
from include.metrics import Definitions, Question, ask_for, compile_question, fetch, read_definitions
from include.metrics.formats import named, shown
from include.metrics.members import check_values
from include.publish.schema_marker import TRUSTED, read_marker
from include.transaction import transaction

LIST = ("metric", "unit", "what it is")
NOTHING = "No rows: nothing was counted for these conditions."


def print_metric(warehouse: Connection, metrics: str, by: str, where: str) -> None:
    """Print the metrics by the fields, of the rows for which the conditions hold; without metrics, list them.

    Raises CommandError in PostgreSQL's words where a value does not fit its field, MetricError as `check`.
    """
    definitions = read_definitions()
    if not (metrics.strip() or by.strip() or where.strip()):
        listed = [_listed(definitions, name) for name in definitions.metrics]
        print_table(LIST, _line(LIST, listed, ["", "", ""]), listed)
        return
    question = ask_for(metrics, by, where)
    query = compile_question(definitions, question)
    warehouse.set_session(readonly=True)
    try:
        with star_needed(), transaction(warehouse) as cursor:
            check_values(cursor, definitions, question)
            rows, marker = fetch(cursor, query), read_marker(cursor, TRUSTED)
    except UnicodeError as error:
        raise CommandError("WHERE has a character that is not UTF-8: write it anew") from error
    except psycopg2.DataError as error:
        raise CommandError(f"WHERE: {str(error).splitlines()[0]}") from error
    _print(definitions, question, rows)
    print(f"\nFrom {', '.join(query.tables)}; version {marker.get('version')}, as of {marker.get('as_of')}.")


def _listed(definitions: Definitions, name: str) -> tuple[str, str, str]:
    metric = definitions.metrics[name]
    return name, metric.meta.get("unit", ""), metric.description


def _print(definitions: Definitions, question: Question, rows: list[dict[str, object]]) -> None:
    if not rows:
        print(NOTHING)
        return
    table = [
        [
            *(named(name, row[name]) for name in question.by),
            *(_value(definitions, row, m) for m in question.metrics),
        ]
        for row in rows
    ]
    headers = [*question.by, *(definitions.metrics[name].label for name in question.metrics)]
    sides = ["" for _ in question.by] + [">" for _ in question.metrics]
    print_table(headers, _line(headers, table, sides), table)


def _line(headers: Sequence[str], table: Sequence[Sequence[str]], sides: Sequence[str]) -> str:
    """Return the format of a line whose columns are as wide as what stands in them."""
    widths = [max(map(len, column)) for column in zip(headers, *table, strict=True)]
    return "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))


def _value(definitions: Definitions, row: dict[str, object], name: str) -> str:
    return shown(row[name], definitions.metrics[name].meta.get("format", ""))
