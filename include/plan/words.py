"""The plan as a page of text, for a task's log and the terminal."""

from collections.abc import Iterator

from include.metrics import Definitions
from include.metrics.formats import shown
from include.plan.compare import Plan
from include.plan.kpis import Move
from include.plan.tables import TableChange

MOST_MOVES = 15
HEAD = f"{'table':32}{'before':>12}{'after':>12}{'added':>12}{'removed':>12}{'changed':>12}"
MOVE = "{:24}{:12}{:>14}{:>14}{:>10}"
NOTHING = "Publishing would change nothing."


def page(plan: Plan, definitions: Definitions) -> str:
    """Return the plan as text: tables that change, their columns, the days that move most."""
    if not plan.changes:
        return NOTHING
    return "\n".join([*_tables(plan), *_columns(plan), *_moves(plan, definitions)])


def _tables(plan: Plan) -> Iterator[str]:
    yield HEAD
    yield from map(_table, plan.changes)
    if same := len(plan.tables) - len(plan.changes):
        yield f"{same} tables stay as they are."


def _table(one: TableChange) -> str:
    numbers = (one.rows_before, one.rows_after, one.added, one.removed, one.changed)
    cells = ("?" if number is None else f"{number:,}" for number in numbers)
    return f"{one.name:32}" + "".join(f"{cell:>12}" for cell in cells)


def _columns(plan: Plan) -> Iterator[str]:
    for one in plan.changes:
        if not one.rows_before or not one.rows_after:
            # All of its columns come, or go, with it.
            continue
        said = {"new": one.columns_added, "gone": one.columns_removed, "retyped": one.columns_retyped}
        yield from (f"{one.name}, {what}: {', '.join(names)}" for what, names in said.items() if names)


def _moves(plan: Plan, definitions: Definitions) -> Iterator[str]:
    if plan.moves is None:
        yield "Readers see no star yet."
        return
    if plan.moves:
        yield ""
        yield MOVE.format("KPI", "day", "before", "after", "change")
        yield from (_move(one, definitions) for one in plan.moves[:MOST_MOVES])
    if more := len(plan.moves) - MOST_MOVES:
        yield f"and {more:,} more" if more > 0 else ""


def _move(one: Move, definitions: Definitions) -> str:
    metric = definitions.metrics[one.metric]
    before, after = (shown(number, metric.meta["format"]) for number in (one.before, one.after))
    change = f"{one.share:+.1%}" if one.before else "new"
    return MOVE.format(metric.label, one.day.isoformat(), before, after, change)
