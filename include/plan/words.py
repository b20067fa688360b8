"""The plan as a page, for a task's log, a terminal and the question in Airflow: Markdown that is aligned."""

from collections.abc import Iterator, Sequence

from include.metrics import Definitions
from include.metrics.formats import shown
from include.plan.compare import Plan
from include.plan.kpis import Move
from include.plan.tables import TableChange

MOST_MOVES = 15
TABLES = ("table", "before", "after", "added", "removed", "changed")
MOVES = ("KPI", "day", "before", "after", "change")
NOTHING = "Publishing would change nothing."
FIRST = "Readers see no star yet."


def page(plan: Plan, definitions: Definitions) -> str:
    """Return the plan as text: tables that change, their columns, the days that move most."""
    if not plan.changes:
        return NOTHING
    parts = (_tables(plan), _columns(plan), _moves(plan, definitions))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part)


def _tables(plan: Plan) -> Iterator[str]:
    yield from _table(TABLES, [_cells(one) for one in plan.changes])
    if same := len(plan.tables) - len(plan.changes):
        yield f"\n{same} tables stay as they are."


def _cells(one: TableChange) -> tuple[str, ...]:
    numbers = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
    return (one.name, *("?" if number is None else f"{number:,}" for number in numbers))


def _columns(plan: Plan) -> Iterator[str]:
    for one in plan.changes:
        if not one.rows_before or not one.rows_after:
            # All of its columns come, or go, with it.
            continue
        said = {"new": one.columns_added, "gone": one.columns_removed, "retyped": one.columns_retyped}
        yield from (f"- {one.name}, {what}: {', '.join(names)}" for what, names in said.items() if names)


def _moves(plan: Plan, definitions: Definitions) -> Iterator[str]:
    if plan.moves is None:
        yield FIRST
        return
    if plan.moves:
        yield from _table(MOVES, [_move(one, definitions) for one in plan.moves[:MOST_MOVES]])
    if (more := len(plan.moves) - MOST_MOVES) > 0:
        yield f"\nand {more:,} more"


def _move(one: Move, definitions: Definitions) -> tuple[str, ...]:
    metric = definitions.metrics[one.metric]
    before, after = (shown(number, metric.meta["format"]) for number in (one.before, one.after))
    return (metric.label, one.day.isoformat(), before, after, f"{one.share:+.1%}" if one.before else "new")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table in Markdown: the first column to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    for first, *others in (head, rule, *rows):
        cells = (other.rjust(width) for other, width in zip(others, widths[1:], strict=True))
        yield f"| {first.ljust(widths[0])} | {' | '.join(cells)} |"
