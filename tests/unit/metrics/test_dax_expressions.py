"""Conditions in DAX hold for the rows of PostgreSQL's: null is unknown there, and blank is 0 here."""

import pytest
from pbix_mcp.dax.engine import evaluate_measure
from sqlglot import exp

from include.metrics.dax_expressions import conjuncts, parsed, truth, value

ROWS = [[1, "x", True], [2, None, False], [0, "y", None], [-1, "", True], [None, "x", False]]
TABLES = {"T": {"columns": ["n", "s", "b"], "rows": ROWS}}


def column(tree: exp.Column) -> str:
    return f"'T'[{tree.name}]"


def shown(dax: str) -> object:
    return evaluate_measure("M", TABLES, {"M": dax}) or 0


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("n = 0", 1), ("n <> 1", 3), ("n != 0", 3), ("n < 1", 2), ("n <= -1", 1), ("n > -1", 3),
        ("n >= 0", 3), ("n > 0", 2), ("n = -1", 1), ("n in (0, 1)", 2), ("n not in (0, 1)", 2),
        ("not n in (0, 1)", 2), ("n is null", 1), ("n is not null", 4), ("not n is null", 4),
        ("not (n is not null)", 1), ("s = 'x'", 2), ("s <> 'x'", 2), ("s = ''", 1), ("s is null", 1),
        ("s in ('x', 'y')", 3), ("s not in ('x')", 2), ("b", 2), ("not b", 2), ("b = true", 2),
        ("b = false", 2), ("b <> true", 2), ("b is null", 1), ("(b or n = 2) and s is not null", 2),
        ("b or (n = 0 and s = 'y')", 3), ("n + 1 > 0", 3), ("n - 1 = -1", 1), ("n = n", 4), ("(n) = (1)", 1),
        ("n > 0 and s = 'x'", 1), ("b or (n > 1 and (s = 'z' or s is null))", 3),
    ],
)  # fmt: skip
def test_a_condition_holds_for_the_same_rows(sql, rows):
    filters = [f"KEEPFILTERS ( {truth(one, column)} )" for one in conjuncts(parsed(sql))]
    assert shown(f"CALCULATE ( COUNTROWS ( 'T' ), {', '.join(filters)} )") == rows


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("a - b - c", -7), ("a - (b - c)", 1), ("a * 1.0 / nullif(b, 0)", 0.4), ("1.5 * a + b", 8),
        ("-2 * a", -4), ("(a + b) / c", 1.75), ("a / nullif(b - 5, 0)", 0), ("a * (b / nullif(c / a, 0))", 5),
        ("(a - b) * 1.0 / nullif(b, 0)", -0.6), ("a / b / c", 0.1), ("a / (b / c)", 1.6),
    ],
)  # fmt: skip
def test_a_formula_has_the_same_value(sql, number):
    parts = {"a": "2", "b": "5", "c": "4"}
    assert shown(value(parsed(sql), lambda part: parts[part.name])) == pytest.approx(number)
