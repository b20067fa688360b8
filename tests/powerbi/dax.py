"""What a DAX expression refers to: tables, columns and measures, read off its tokens without a parser."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from tests.powerbi.nodes import Model, Node

TOKEN = re.compile(
    r"""
    (?P<comment> /\*.*?\*/ | (?:--|//)[^\n]* )
    | (?P<text> "(?:[^"]|"")*" )
    | (?P<field> (?: '(?P<quoted>(?:[^']|'')+)' | (?P<plain>[A-Za-z_]\w*) )? \[(?P<name>(?:[^\]]|\]\])+)\] )
    | (?P<table> '(?:[^']|'')+' )
    | (?P<word> \w+ )
    | (?P<sign> \S )
    """,
    re.VERBOSE | re.DOTALL,
)
PAIRS = {")": "(", "}": "{"}
# Those of a field or a text are part of its token.
UNPAIRED = ("[", "]", '"', "'")


@dataclass(frozen=True)
class Reference:
    """A field, `'Title'[Kind]` or `[Sessions]`, or where the name is empty a quoted table."""

    table: str
    name: str
    quoted: bool = False


@lru_cache(maxsize=4096)
def references(dax: str) -> tuple[Reference, ...]:
    """Return the fields and the quoted tables that an expression names; comments and texts do not count."""
    return tuple(_reference(found) for found in _tokens(dax) if found.lastgroup in ("field", "table"))


def _reference(found: re.Match[str]) -> Reference:
    if found["table"]:
        return Reference(found["table"][1:-1].replace("''", "'"), "", quoted=True)
    table = found["quoted"] or found["plain"] or ""
    return Reference(table.replace("''", "'"), found["name"].replace("]]", "]"), bool(found["quoted"]))


def unbalanced(dax: str) -> str:
    """Return the bracket or quote that opens or closes nothing, or nothing."""
    opened: list[str] = []
    for found in _tokens(dax):
        sign = found["sign"]
        if sign in ("(", "{"):
            opened.append(sign)
        elif sign in UNPAIRED or (sign in PAIRS and (not opened or opened.pop() != PAIRS[sign])):
            return sign
    return opened[-1] if opened else ""


def own_names(dax: str) -> set[str]:
    """Return what an expression may name itself, in lower case: variables, and columns that functions add."""
    tokens = [found for found in _tokens(dax) if found.lastgroup in ("word", "text")]
    variables = {name[0].lower() for word, name in pairwise(tokens) if word[0].lower() == "var"}
    added = {found[0][1:-1].lower() for found in tokens if found["text"]}
    # What CALENDAR, and GENERATESERIES and table constructors, call their column.
    return variables | added | {"date", "value"}


def _tokens(dax: str) -> list[re.Match[str]]:
    return [found for found in TOKEN.finditer(dax) if not found["comment"]]


def text_of(node: Node) -> str:
    """Return the DAX of an object: its own, a KPI's three expressions, or a calculated table's query."""
    queries = [one for one in node.of("partition") if one.properties.get("type") == "calculated"]
    texts = [node.expression] + [one.properties.get("source") for one in queries]
    texts += [node.properties.get(f"{name}Expression") for name in ("target", "status", "trend")]
    return "\n".join(text for text in texts if text)


def expressions(model: Model) -> list[tuple[Node, str, str]]:
    """Return every DAX expression: the object that holds it, the table whose rows it sees, its text."""
    found = [(node, node.parent.name) for node in model.measures() + model.every("column")]
    found += [(node, node.parent.parent.name) for node in model.every("kpi")]
    found += [(node, node.name) for node in model.every("tablePermission")]
    for kind in ("table", "calculationItem", "formatStringDefinition"):
        found += [(node, "") for node in model.every(kind)]
    return [(node, table, text) for node, table in found if (text := text_of(node))]
