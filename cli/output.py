"""Tables: Rich's on a terminal; elsewhere plain columns, never cut, wrapped or coloured."""

import sys
from collections.abc import Iterable, Sequence
from string import Formatter


def print_table(headers: Sequence[str], line: str, rows: Iterable[Sequence[object]]) -> None:
    """Print the rows under their headers, numbers with thousands.

    `line` is the format of a plain line, as "{:20}{:>12}"; a terminal takes from it what stands right. Plain
    rows are printed as they come; a terminal gets them together, also when an error ends them.
    """
    if sys.stdout.isatty():
        _print_on_terminal(headers, line, rows)
        return
    if any(headers):
        print(line.format(*headers).rstrip())
    for row in rows:
        print(line.format(*map(_shown, row)).rstrip())


def _print_on_terminal(headers: Sequence[str], line: str, rows: Iterable[Sequence[object]]) -> None:
    # Not at the top: only a terminal needs Rich, and it takes as long to import as all of Python.
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.ROUNDED, show_header=any(headers))
    for header, (_, _, shape, _) in zip(headers, Formatter().parse(line), strict=False):
        table.add_column(header, justify="right" if ">" in shape else "left", overflow="fold")
    try:
        for row in rows:
            table.add_row(*map(_shown, row))
    finally:
        # What is shown is data: brackets are no markup.
        Console(markup=False, emoji=False, highlight=False).print(table)


def _shown(value: object) -> str:
    """Return a text as it is, nothing for None, and a number with thousands."""
    return value if isinstance(value, str) else f"{value:,}" if value is not None else ""
