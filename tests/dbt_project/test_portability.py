"""The project must run on Spark and on a lake one day: what only PostgreSQL understands has one place."""

import re

import pytest
from sqlfluff.core import FluffConfig, Linter

from include.environment import ROOT

PROJECT_DIR = ROOT / "dbt"
# Each database's own words stand here, behind adapter.dispatch.
DISPATCHED = [PROJECT_DIR / "macros" / f"{name}.sql" for name in ("database_specific", "star_marker")]
FOLDERS = ("models", "macros", "tests", "snapshots")
# What to write instead is in the name.
REFUSED = {
    ":: (cast)": r"::",
    "distinct on (row_number)": r"\bdistinct\s+on\b",
    "JSON and array operators": r"->|#>|@>|<@|\?\|",
    "filter (case)": r"\bfilter\s*\(",
    "ilike (lower and like)": r"\bilike\b",
    "interval (dateadd)": r"\binterval\s*'",
    "similar to": r"\bsimilar\s+to\b",
    "at time zone (utc_timestamp)": r"\bat\s+time\s+zone\b",
    "types of PostgreSQL (type_string and others)": r"\bas\s+(text|timestamptz|jsonb?|bytea|bit|uuid)\b",
    "fields of PostgreSQL (datediff)": r"\bextract\s*\(\s*(epoch|dow|isodow|isoyear|doy)\b",
    # On Spark dbt multiplies it by 12 for years, and writes no parentheses.
    "a sum in dateadd (parentheses)": r"\bdateadd\(\s*'\w+'\s*,\s*'[^'()]*[+-]\s*\d",
    "on conflict, returning (merge)": r"\bon\s+conflict\b|\breturning\b",
    "regclass, ctid, pg_ tables": r"\bregclass\b|\bctid\b|\bpg_\w+",
}
# Functions that dbt has as macros or that other databases call otherwise, and an operator that Jinja has too.
REFUSED_OUTSIDE_JINJA = (
    r"(?<![\w.])(age|array_agg|date_part|date_trunc|dateadd|datediff|generate_series|last_day|make_date"
    r"|make_interval|now|split_part|string_agg|to_char|to_date|to_timestamp|unnest)\s*\(|!?~\*?\s*'"
)
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# What dbt's own macros print on Spark, and our own ones, whose `default__` speaks it.
SPARK_MACROS = {
    "type_string()": "string",
    "dateadd(datepart, interval, date)": "timestampadd({{ datepart }}, {{ interval }}, {{ date }})",
    "datediff(first, second, datepart)": "timestampdiff({{ datepart }}, {{ first }}, {{ second }})",
    "date_trunc(datepart, date)": "date_trunc('{{ datepart }}', {{ date }})",
    "generate_series(upper_bound)": "select 1 as generated_number",
    "hash_to_bigint(expression)": "{{ default__hash_to_bigint(expression) }}",
    "utc_timestamp(expression)": "{{ default__utc_timestamp(expression) }}",
    "is_one_of(column, subquery)": "{{ default__is_one_of(column, subquery) }}",
    "see_one_state()": "",
    "may_be_new(date_key)": "{{ date_key }} > 0",
    # One key of one column.
    "keys_of(name)": "a",
    "filled_columns_of(name)": "a",
}


def refused_in(text: str) -> list[str]:
    """Name what only PostgreSQL understands in a model, macro, test or YAML file."""
    code = COMMENT.sub(" ", text)
    found = [name for name, pattern in REFUSED.items() if re.search(pattern, code, re.IGNORECASE)]
    outside = re.finditer(REFUSED_OUTSIDE_JINJA, JINJA.sub(" ", code), re.IGNORECASE)
    return found + [f"{match.group()} (a macro of dbt)" for match in outside]


def files(*suffixes: str):
    found = [
        path
        for folder in FOLDERS
        for path in sorted((PROJECT_DIR / folder).rglob("*"))
        # What a unit test expects may be said by the database that runs it.
        if path.suffix in suffixes and path not in DISPATCHED and path.parent.name != "fixtures"
    ]
    assert len(found) > 20
    return found


@pytest.mark.parametrize(
    "query",
    [
        "select a::date from t",
        "select distinct  on (a) a from t",
        "select a ->> 'b' from t",
        "select count(*) filter (where a) from t",
        "select a from t where b ilike 'x%'",
        "select a + interval '1 day' from t",
        "select a from t where b ~* 'x'",
        "select cast(a as text) from t",
        "select a at time zone 'UTC' from t",
        "select extract(isodow from a) from t",
        "select * from generate_series(1, 9)",
        "select date_trunc('month', a) from t",
        "select now()",
        "select {{ dateadd('year', 'a - 1', 'b') }}",
    ],
)
def test_syntax_of_postgresql_is_found(query):
    assert len(refused_in(query)) == 1


def test_what_is_standard_or_dispatched_is_not_found():
    assert (
        refused_in(
            "select cast(a as date), {{ date_trunc('month', 'a') }}, {{ dateadd('day', '(a - 1)', 'b') }},"
            " extract(week from a), 'https://x' -- a::date\nfrom t {# now() #}"
        )
        == []
    )


@pytest.mark.parametrize("path", files(".sql", ".yml"), ids=lambda path: path.name)
def test_no_file_speaks_postgresql_only(path):
    assert refused_in(path.read_text()) == []


def test_every_dispatched_macro_has_a_default_beside_postgresql():
    text = "".join(path.read_text() for path in DISPATCHED)
    dispatched = re.findall(r"adapter\.dispatch\('(\w+)'\)", text)
    assert dispatched
    for name in dispatched:
        assert f"macro default__{name}(" in text
        assert f"macro postgres__{name}(" in text


def differing_lines() -> list[str]:
    """Return the lines that are only for other engines than PostgreSQL, or say another thing on each.

    Targets, settings that ask for the target, and what stands in macros for Spark's SQL.
    """
    profiles = (PROJECT_DIR / "profiles.yml").read_text().partition("  outputs:\n    warehouse:")[2]
    project = (PROJECT_DIR / "dbt_project.yml").read_text()
    macros = "".join(path.read_text() for path in (PROJECT_DIR / "macros").glob("*.sql"))
    bodies = re.findall(r"macro (?:default|spark)__[^%]*%\}\n(.*?)\{%- endmacro", macros, re.DOTALL)
    return [
        *re.findall(r"^    \S.*", profiles, re.MULTILINE),
        *re.findall(r".*\btarget\.\w+.*", project),
        *(line for body in bodies for line in body.splitlines()),
    ]


def test_engines_differ_in_a_few_lines_in_three_files():
    assert 10 < len(differing_lines()) <= 20, differing_lines()
    elsewhere = [
        path
        for path in (PROJECT_DIR / "macros").glob("*.sql")
        if path not in DISPATCHED and re.search("macro (default|spark|postgres)__", path.read_text())
    ]
    assert elsewhere == []
    asking = [path for folder in FOLDERS for path in (PROJECT_DIR / folder).rglob("*.*")]
    assert [path for path in asking if re.search(r"\btarget\.(name|type)\b", path.read_text())] == []


@pytest.fixture(scope="module")
def spark():
    macros = {
        head.partition("(")[0]: f"{{% macro {head} %}}{body}{{% endmacro %}}"
        for head, body in SPARK_MACROS.items()
    }
    jinja = {
        "apply_dbt_builtins": True,
        "load_macros_from_path": str(PROJECT_DIR / "macros"),
        "macros": macros,
    }
    core = {"dialect": "sparksql", "templater": "jinja"}
    return Linter(config=FluffConfig(configs={"core": core, "templater": {"jinja": jinja}}))


@pytest.mark.parametrize(
    "path",
    [path for path in files(".sql") if path.parent.name not in ("macros", "generic")],
    ids=lambda p: p.stem,
)
def test_models_parse_as_spark_sql(spark, path):
    parsed = spark.parse_string(path.read_text(), fname=str(path))
    assert parsed.tree is not None
    assert [str(violation) for violation in parsed.violations] == []


def test_what_spark_cannot_parse_is_found(spark):
    assert spark.parse_string("select cast(a as bit(60)) as b from t\n").violations
