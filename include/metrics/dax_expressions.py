"""SQL expressions of the definitions as DAX: values of a row, sums of measures, and which rows count.

To SQL null is unknown; to DAX a blank is 0, "" or FALSE. Where that would change an answer, blanks are left
out. Only development uses this module: sqlglot is not installed where the platform runs.
"""

import operator
from collections.abc import Callable

import sqlglot
from sqlglot import exp

from include.errors import Untranslatable

COMPARISONS = {
    exp.EQ: ("=", operator.eq),
    exp.NEQ: ("<>", operator.ne),
    exp.GT: (">", operator.gt),
    exp.GTE: (">=", operator.ge),
    exp.LT: ("<", operator.lt),
    exp.LTE: ("<=", operator.le),
}
ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
Column = Callable[[exp.Column], str]


def parsed(sql: str) -> exp.Expression:
    """Return the tree of an SQL expression. Raises Untranslatable for what is none."""
    try:
        return sqlglot.parse_one(sql, dialect="postgres")
    except sqlglot.ParseError as error:
        raise Untranslatable(f"{sql!r} cannot be parsed") from error


def shown(tree: exp.Expression) -> str:
    """Return the expression as SQL, for messages."""
    return tree.sql(dialect="postgres")


def conjuncts(tree: exp.Expression) -> list[exp.Expression]:
    """Return the conditions that all have to hold."""
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]


def value(tree: exp.Expression, column: Column) -> str:
    """Return the expression as DAX. Raises Untranslatable for what is not known."""
    match tree:
        case exp.Column():
            return column(tree)
        case exp.Null():
            return "BLANK ()"
        case exp.Literal() | exp.Boolean() | exp.Neg():
            return _constant(tree)
        case exp.Paren():
            return f"( {value(tree.this, column)} )"
        case exp.Div():
            return f"DIVIDE ( {value(_bare(tree.left), column)}, {value(_bare(tree.right), column)} )"
        case exp.Case(this=None):
            return switch(tree, [value(one, column) for one in results(tree)], column)
        case exp.Add() | exp.Sub() | exp.Mul():
            sign = ARITHMETIC[type(tree)]
            return f"{value(tree.left, column)} {sign} {value(tree.right, column)}"
    raise Untranslatable(f"`{shown(tree)}` is not known")


def results(tree: exp.Case) -> list[exp.Expression]:
    """Return what the branches of a `case when` result in, `else` last."""
    otherwise = tree.args.get("default") or exp.Null()
    return [*(branch.args["true"] for branch in tree.args["ifs"]), otherwise]


def switch(tree: exp.Case, chosen: list[str], column: Column) -> str:
    """Return a `case when` that results in the chosen texts instead, one for each branch and `else`."""
    conditions = (truth(branch.this, column) for branch in tree.args["ifs"])
    branches = [part for pair in zip(conditions, chosen, strict=False) for part in pair]
    return f"SWITCH ( TRUE (), {', '.join([*branches, chosen[-1]])} )"


def truth(tree: exp.Expression, column: Column) -> str:
    """Return the condition as DAX, never true for a null. Raises Untranslatable for what is not known."""
    tree = tree.unnest()
    match tree:
        case exp.Column():
            return f"{column(tree)} = TRUE ()"
        case exp.Is(expression=exp.Null()):
            blank = f"ISBLANK ( {value(tree.this, column)} )"
            # sqlglot 30 has no Not around `is not null`.
            return f"NOT ( {blank} )" if tree.args.get("negate") else blank
        case exp.Not():
            return _untruth(tree.this.unnest(), column)
        case exp.Or():
            return f"{truth(tree.left, column)} || {truth(tree.right, column)}"
        case exp.And():
            parts = (truth(one, column) for one in conjuncts(tree))
            return " && ".join(f"( {part} )" if " || " in part else part for part in parts)
        case exp.In() if tree.expressions:
            values = ", ".join(_constant(one) for one in tree.expressions)
            return f"{value(tree.this, column)} IN {{ {values} }}"
    if type(tree) in COMPARISONS:
        return _comparison(tree, column)
    raise Untranslatable(f"`{shown(tree)}` is not known")


def _bare(tree: exp.Expression) -> exp.Expression:
    """Return a part of a division without what only SQL needs to divide whole numbers, and by 0."""
    tree = tree.unnest()
    match tree:
        case exp.Nullif(expression=exp.Literal(this="0")):
            return _bare(tree.this)
        case exp.Mul(expression=exp.Literal(this="1.0")):
            return _bare(tree.left)
    return tree


def _untruth(tree: exp.Expression, column: Column) -> str:
    match tree:
        case exp.Column():
            return f"{column(tree)} == FALSE ()"
        case exp.Is():
            return f"NOT ( {truth(tree, column)} )"
        case exp.In():
            return _known([tree.this], f"NOT ( {truth(tree, column)} )", column)
    raise Untranslatable(f"`not {shown(tree)}` is not known: write its opposite")


def _comparison(tree: exp.Binary, column: Column) -> str:
    sign, holds = COMPARISONS[type(tree)]
    left, right = tree.left.unnest(), tree.right.unnest()
    text = f"{value(left, column)} {sign} {value(right, column)}"
    columns = list(tree.find_all(exp.Column))
    if columns == [left] and _is_constant(right):
        blank = {str: "", bool: False}.get(type(_python(right)), 0)
        if isinstance(blank, str) and sign not in ("=", "<>"):
            raise Untranslatable(f"DAX orders texts in its own way: `{shown(tree)}`")
        if not holds(blank, _python(right)):
            return text
        if sign == "=":
            return f"{value(left, column)} == {value(right, column)}"
    return _known(columns, text, column)


def _known(columns: list[exp.Expression], text: str, column: Column) -> str:
    known = [f"NOT ( ISBLANK ( {value(one, column)} ) )" for one in columns]
    return " && ".join([*known, text])


def _is_constant(tree: exp.Expression) -> bool:
    return isinstance(tree, exp.Literal | exp.Boolean) or (
        isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal)
    )


def _python(tree: exp.Expression) -> str | float | bool:
    """Return the value of a constant."""
    if isinstance(tree, exp.Neg):
        return -float(tree.this.name)
    if isinstance(tree, exp.Boolean):
        return tree.this
    return tree.name if tree.is_string else float(tree.name)


def _constant(tree: exp.Expression) -> str:
    if not _is_constant(tree):
        raise Untranslatable(f"`{shown(tree)}` is no number or text")
    if isinstance(tree, exp.Boolean):
        return "TRUE ()" if tree.this else "FALSE ()"
    if tree.is_string:
        escaped = tree.name.replace('"', '""')
        return f'"{escaped}"'
    return f"-{tree.this.name}" if isinstance(tree, exp.Neg) else tree.name
