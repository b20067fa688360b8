"""Rows of the runbook about the star: each failure is caused, mended, and its task cleared.

Scenario: the tests follow one another on one Airflow, each with a day of its own.
"""

import re

import pytest

from cli.warehouse import connect
from include.second_attempt import end_orphans
from tests.integration.runbook.person import changed, commands

pytestmark = pytest.mark.nightly
BUILD = "transform_with_dbt"
TEST, MODEL = "tests/assert_dates_cover_whole_years.sql", "models/trusted/dim_quality_levels.sql"
OVERTAKEN = """
insert into ops.warehouse_claim (airflow, run_id, host, kept_until)
values ('another', 'theirs', 'elsewhere', now() + interval '10 minutes')
"""
OTHER_MARKER = "comment on schema trusted_next is '{}'"
HALF_A_DAY_LATER = "update task_instance set trigger_timeout = now() where state = 'awaiting_input'"


def one_test_fails(person):
    """Let a test of dbt fail during a block."""
    return changed(person.ui.project / "dbt" / TEST, "!= 12", "= 12")


@pytest.mark.runbook("a dbt test failed")
def test_test_of_dbt_that_fails(person, entry, day):
    with one_test_fails(person):
        run_id = person.fails(entry, **day)
    query = re.search("select .* desc", entry.remedy)[0]
    assert "assert_dates_cover_whole_years" in person.types(f'make sql AS=admin Q="{query}"')
    person.clears_to_green(run_id, BUILD)


@pytest.mark.runbook("violates check constraint")
def test_row_that_breaks_a_contract(person, entry, day):
    with changed(person.ui.project / "dbt" / MODEL, "'SD' then 1", "'SD' then 9"):
        run_id = person.fails(entry, **day)
    person.clears_to_green(run_id, BUILD)


@pytest.mark.runbook("Bash command failed… exit code 75")
def test_dbt_that_is_killed(person, entry, day):
    run_id = person.starts(**day)
    person.waits(run_id, lambda: end_orphans(run_id))
    person.is_told(entry, run_id)
    person.clears_to_green(run_id, BUILD)


@pytest.mark.runbook("WarehouseInUseError")
def test_warehouse_that_another_airflow_took(person, entry, day):
    with one_test_fails(person):
        run_id = person.fails_of_another(**day)
    person.of_warehouse(OVERTAKEN)
    person.clears(run_id, BUILD)
    person.is_told(entry, run_id)
    person.clears(run_id, "create_postgres_tables")
    person.airflow.wait_for(run_id, "create_postgres_tables", "up_for_reschedule")
    person.of_warehouse("delete from ops.warehouse_claim")
    person.sees_green(run_id)


@pytest.mark.runbook("StarInUseError")
def test_reader_that_does_not_end(person, entry, day):
    with connect(person.airflow.env, "bi_reader") as reader:
        reader.cursor().execute("select count(*) from trusted.dim_users")
        run_id = person.starts(**day)
        person.finds_no_try_left(run_id)
        pid = re.search(r"pid (\d+)", person.is_told(entry, run_id))[1]
        (end,) = [each for each in commands("Publishing") if "pg_terminate_backend" in each]
        person.types(end.replace("12345", pid))
    person.clears_to_green(run_id, "publish_trusted")


@pytest.mark.runbook("AirflowTaskTimeout")
def test_build_that_waits_for_a_lock(person, entry, day):
    policies = person.ui.project / "dags" / "pipeline" / "retries.py"
    with (
        person.admin_of_warehouse() as holder,
        changed(policies, "timedelta(hours=1)", "timedelta(seconds=20)"),
    ):
        holder.cursor().execute("lock table snapshots.users_snapshot")
        run_id = person.starts(**day)
        person.finds_no_try_left(run_id)
        person.is_told(entry, run_id)
    person.clears_to_green(run_id, BUILD)


@pytest.mark.runbook("HITLTimeoutError")
def test_question_that_nobody_answers(person, entry, day):
    run_id = person.starts(**day, publish="ask")
    person.airflow.wait_until_asked(run_id)
    person.airflow.metadata(HALF_A_DAY_LATER)
    person.is_told(entry, run_id)
    person.clears(run_id, "approve_publication")
    person.answers(run_id, "Approve")
    person.sees_green(run_id)


@pytest.mark.runbook("PublicationError")
def test_star_that_is_not_the_tested_one(person, entry, day):
    run_id = person.starts(**day, publish="ask")
    person.airflow.wait_until_asked(run_id)
    person.of_warehouse(OTHER_MARKER)
    person.answers(run_id, "Approve")
    person.is_told(entry, run_id)
    person.clears(run_id, BUILD)
    person.answers(run_id, "Approve")
    person.sees_green(run_id)
