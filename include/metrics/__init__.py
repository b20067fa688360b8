"""Answer questions for metrics: each number is defined once, in dbt/models/semantic.

Data flow: YAML -> definitions (reading) -> a question is checked (questions) -> one query of marts or of the
fact (sql, rollups) -> rows. The same definitions become DAX (dax) and docs/metrics.md (page).
"""

from include.metrics.definitions import Definitions
from include.metrics.questions import Condition, Question, ask_for
from include.metrics.reading import read_definitions
from include.metrics.sql import Query, ask, compile_question, fetch

__all__ = [
    "Condition",
    "Definitions",
    "Query",
    "Question",
    "ask",
    "ask_for",
    "compile_question",
    "fetch",
    "read_definitions",
]
