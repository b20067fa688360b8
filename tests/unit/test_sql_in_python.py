"""SQL outside of dbt/ parses as PostgreSQL's, has one style, and is not put together from pieces."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlfluff.core import FluffConfig, Linter

from include.environment import ROOT

MOST_LINES = 3
WORDS = (
    "select|with|values|insert|update|delete|merge|copy|create|alter|drop|truncate|grant|revoke|do|comment"
)
# A sentence that begins with one of these words begins with a capital letter.
STATEMENT = re.compile(rf"\s*(?:{WORDS}|{WORDS.upper()})\b")
# Beside what does not parse: capitals, tables and columns renamed without `as`, `= null`. No rule of layout:
# the lines and indents of SQL in Python follow the code around it.
RULES = "capitalisation, AL01, AL02, CV05"
SQL_FILES = sorted([*(ROOT / "include").rglob("*.sql"), *(ROOT / "docker").rglob("*.sql")])

# Nothing of include/ runs here, and measuring sqlfluff's own code doubles the time.
pytestmark = pytest.mark.no_cover


@dataclass(frozen=True)
class Text:
    """A string of a Python file that is SQL; `pieces` counts the quoted parts it was put together from."""

    place: str
    lines: int
    pieces: int
    sql: str


def _strings(node: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Yield the strings below a node, docstrings left out; an f-string is one, with all that is in it."""
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        yield node
    elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)


def _pieces(written: str) -> int:
    """Count the quoted parts of a string as it is written, those inside of an f-string's braces left out."""
    count = depth = 0
    for token in tokenize.generate_tokens(io.StringIO(f"({written})").readline):
        kind = tokenize.tok_name[token.type]
        count += depth == 0 and kind in ("STRING", "FSTRING_START")
        # From Python 3.12 on an f-string is many tokens.
        depth += (kind == "FSTRING_START") - (kind == "FSTRING_END")
    return count


def find_sql(name: str, source: str) -> list[Text]:
    """Return the strings of a Python source that are SQL and take more than three lines."""
    found = []
    for node in _strings(ast.parse(source)):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        sql = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in parts)
        lines = node.end_lineno - node.lineno + 1
        if lines > MOST_LINES and STATEMENT.match(sql):
            pieces = _pieces(ast.get_source_segment(source, node))
            found.append(Text(f"{name}:{node.lineno}", lines, pieces, sql))
    return found


def _python_files() -> list[Path]:
    return sorted([*(ROOT / "include").rglob("*.py"), *(ROOT / "cli").rglob("*.py")])


TEXTS = [
    text
    for path in _python_files()
    for text in find_sql(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
]


def filled(sql: str) -> str:
    """Put a name where a name is filled in, a value where a value is, and say %% as the server sees it."""
    sql = re.sub(r"(create table[^(]*\(\s*)\{\w+\}(?=\s*[,)])", r"\1a_name integer", sql)
    sql = re.sub(r"\{\w*\}", "a_name", sql)
    return re.sub(r"%s|%\(\w+\)s", "(null)", sql).replace("%%", "%")


@pytest.fixture(scope="module")
def violations():
    """Return a function that lists what sqlfluff has against a text: rule, line and message."""
    capitalisation = ("keywords", "identifiers", "functions", "literals", "types")
    lower = {"capitalisation_policy": "lower", "extended_capitalisation_policy": "lower"}
    linter = Linter(
        config=FluffConfig(
            {
                "core": {"dialect": "postgres", "templater": "raw", "rules": RULES},
                "rules": {f"capitalisation.{what}": lower for what in capitalisation},
            }
        )
    )

    def violations(sql: str) -> list[tuple[str, int, str]]:
        found = linter.lint_string(sql).violations
        return [(violation.rule_code(), violation.line_no, violation.desc()) for violation in found]

    return violations


def test_sql_is_found_in_both_packages():
    assert len(TEXTS) > 10
    assert {text.place.partition("/")[0] for text in TEXTS} == {"include", "cli"}
    assert len(SQL_FILES) > 5


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.place)
def test_sql_in_python_passes_the_linter(text, violations):
    assert violations(filled(text.sql)) == []


def test_sql_of_more_than_three_lines_is_one_piece():
    assert [f"{text.place} ({text.pieces} pieces)" for text in TEXTS if text.pieces > 1] == []


@pytest.mark.parametrize("path", SQL_FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_sql_files_pass_the_linter(path, violations):
    # sqlfluff knows psql's commands, but not its variables: `password :'name'`.
    assert violations(re.sub(r":('\w+')", r"\1", path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "pieces"),
    [
        ('X = """\nselect 1\nfrom {}\nlimit 1\n"""', 1),
        ('X = f"""\nSELECT {\'a\'}\nfrom {f"{1}"}\nlimit 1\n"""', 1),
        ('x(\n    "select 1"\n    " from a"\n    " where b"\n    " limit 1"\n)', 4),
        ("x(\n    f'select {\"a\"}'\n    ' from a'\n    f' where {1}'\n    ' limit 1'\n)", 4),
    ],
)
def test_statements_are_found_with_their_pieces(source, pieces):
    assert [text.pieces for text in find_sql("x.py", source)] == [pieces]


@pytest.mark.parametrize(
    "source",
    [
        'def x():\n    """select this\n\n    or that.\n    """',
        'X = """\nSelect this\nor\nthat.\n"""',
        'X = """\nselect 1\n"""',
    ],
    ids=["docstring", "prose", "short"],
)
def test_what_is_no_long_statement_is_left_alone(source):
    assert find_sql("x.py", source) == []


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("SELECT 1 from a", "CP01"),
        ("select Now() from a", "CP03"),
        ("select 1 from a b", "AL01"),
        ("select 1 b from a", "AL02"),
        ("select 1 from a where b = null", "CV05"),
        ("select 1 from a whre b > 1", "PRS"),
        ("insert into {table} ({columns}) values (%s, %(b)s", "PRS"),
    ],
)
def test_linter_sees_what_is_wrong(sql, rule, violations):
    assert rule in {code for code, _, _ in violations(filled(sql))}
