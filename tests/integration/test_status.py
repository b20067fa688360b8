"""`make status` on warehouses: a new one, one of an older version, and one with a published star."""

import pytest

from cli import status, warehouse
from include.environment import ROOT
from tests.integration.publish.generated_days import Days


@pytest.fixture
def told(monkeypatch, capsys):
    """Return a function that gives what the command prints of a test's databases, line by line."""

    def told(platform) -> list[str]:
        # As in a container: where the services are listed by somebody else.
        monkeypatch.setattr(status, "SECRETS", ROOT)
        monkeypatch.setattr(warehouse, "SECRETS", ROOT)
        monkeypatch.setattr(warehouse, "with_secrets", lambda: platform.env)
        capsys.readouterr()
        status.print_status()
        return capsys.readouterr().out.splitlines()

    return told


def test_published_star_is_shown_with_its_run_and_each_table(platform, tmp_path, told):
    days = Days(platform, tmp_path)
    days.next_day(0)
    days.next_day(1)
    days.load(2)
    lines = told(platform)
    assert max(map(len, lines)) <= 100
    newest, second, _ = (line.split() for line in lines[2:5])
    assert (newest[0], newest[-2:]) == ("2024-09-03", ["not", "published"])
    assert (second[0], second[-2:]) == ("2024-09-02", ["version", "2"])
    of_table = {words[0]: words for words in map(str.split, lines) if "." in (words or [""])[0]}
    # Counted once more.
    for schema, column, condition, day in (
        ("raw", "source_postgres", "_deleted_at is null", "2024-09-03"),
        ("trusted", "version", "true", "2024-09-02"),
    ):
        name = "postgres_viewing_sessions" if schema == "raw" else "fct_viewing_sessions"
        query = f"select count(*) from {schema}.{name} where {condition}"
        ((rows,),) = platform.query("dbt_transformer", query)
        words = of_table[f"{schema}.{name}"]
        assert (words[1], words[-1], words[-4]) == (column, str(rows), day)
    assert len(of_table) >= 6 + 23
    assert "The last run has published nothing. Unless it still runs: docs/operations.md" in "".join(lines)


def test_warehouse_without_a_run_says_how_to_begin(platform, told):
    assert told(platform)[-1] == "Nothing has run yet: make demo"


def test_warehouse_of_an_older_version_says_what_brings_it_up_to_date(platform, told):
    platform.query("elt_loader", "drop view ops.run_history")
    assert told(platform) == [warehouse.OLD_WAREHOUSE]
    platform.query("admin", "drop schema ops cascade; create schema ops authorization elt_loader")
    assert told(platform) == [warehouse.NO_WAREHOUSE]
