"""Every word of the SQL that include/ writes, and of PostgreSQL's own: a source may have a column of each."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from psycopg2.extensions import connection as Connection

from include.environment import ROOT
from include.specs import TAKEN_NAMES

FOLDER = ROOT / "include"
# A text of Python with one of these is taken for a part of a statement; prose that has one does no harm.
IS_SQL = re.compile(r"\b(select|from|where|insert|update|delete|create|alter|as|is|row|case|set|copy)\b|::")
WORD = re.compile(r"\b[a-z_][a-z0-9_]*\b")
# What a statement calls something: `from a as b`, `merged as (`, `with ordinality as part (attnum, place)`.
NAMED = re.compile(r"\bas (?:materialized )?([a-z_]+)\b|\b([a-z_]+) as (?:materialized )?\(")

# Names that only a driver or a template could stumble over.
AWKWARD = ["%", "100 %", "%s", "%(stamp)s", "{}", "{0}", "{{ x }}", 'with "quotes"', "o'clock", "back\\slash"]


@cache
def statements() -> tuple[str, ...]:
    """Return the texts that are SQL or a part of it."""
    found = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.sql"))]
    for path in sorted(FOLDER.rglob("*.py")):
        found += [text for text in _strings(path) if IS_SQL.search(text)]
    return tuple(found)


def our_words() -> list[str]:
    """Return the words of the statements that a source may have as names."""
    words = {word for text in statements() for word in WORD.findall(text)}
    return sorted(words - TAKEN_NAMES)


def our_names() -> list[str]:
    """Return the names that the statements give to tables, columns and steps."""
    names = {name for text in statements() for found in NAMED.findall(text) for name in found if name}
    return sorted(names - TAKEN_NAMES)


def pairs_of_our_names() -> list[tuple[str, str]]:
    """Return the names two by two, each of them once."""
    names = our_names()
    return [*zip(names[: len(names) // 2], names[-(len(names) // 2) :], strict=True)]


def keywords(connection: Connection) -> list[str]:
    """Return the words of PostgreSQL's grammar."""
    with connection.cursor() as cursor:
        cursor.execute("select word from pg_get_keywords() order by word")
        return [word for (word,) in cursor.fetchall()]


def _strings(path: Path) -> Iterator[str]:
    """Yield the texts of a Python file, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = ast.Module, ast.ClassDef, ast.FunctionDef
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
