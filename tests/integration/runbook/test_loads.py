"""Rows of the runbook about sources and loads: each failure is caused, mended, and its task cleared.

Scenario: the tests follow one another on one Airflow, each with a day of its own. The last one starts Airflow
again with other settings.
"""

import re

import psutil
import pytest

from include.embedded.processes import pid_of
from tests.integration.runbook.person import changed, commands

pytestmark = pytest.mark.nightly
EXTRACT = "extract_to_data_warehouse.load_postgres_table"
# Rows are refused, lost, or take for ever.
PLANT = """
create function {schema}.planted() returns trigger language plpgsql as $$ begin {body} end $$;
create trigger planted before insert or update on {schema}.{table} for each row execute function
{schema}.planted()
"""
UPROOT = "drop function {schema}.planted() cascade"
HANGS = "perform pg_sleep(3600); return new;"


def password(person) -> str:
    return person.airflow.env["SOURCE_READER_PASSWORD"]


def tasks_at_work(person) -> list[psutil.Process]:
    """Return the processes of tasks: each is below a worker of the scheduler's."""
    scheduler = psutil.Process(pid_of(person.ui.project / ".local" / "airflow" / "scheduler.pid"))
    workers = [each for each in scheduler.children() if each.cmdline()[0].startswith("airflow worker")]
    return [task for worker in workers for task in worker.children()]


@pytest.mark.runbook("PostgresRefuses")
def test_password_that_was_changed(person, entry, day):
    person.of_source("alter role elt_reader password 'another'")
    run_id = person.fails(entry, **day)
    person.of_source(f"alter role elt_reader password '{password(person)}'")
    person.clears_to_green(run_id, EXTRACT)


@pytest.mark.runbook("PostgresAway")
def test_server_that_takes_no_connection(person, entry, day):
    person.of_source("alter role elt_reader connection limit 0")
    run_id = person.starts(**day)
    person.waits(run_id)
    person.is_told(entry, run_id)
    tries = {each["try_number"] for each in person.airflow.api.instances(run_id, ("failed",))}
    assert tries == {4}
    person.of_source("alter role elt_reader connection limit -1")
    person.clears_to_green(run_id, EXTRACT)


@pytest.mark.runbook("SchemaDriftError")
def test_column_that_is_renamed(person, entry, day):
    person.of_source("alter role elt_reader password 'another'")
    run_id = person.fails_of_another(**day)
    person.of_source(f"alter role elt_reader password '{password(person)}'")
    # Not before the seed, which needs it.
    person.of_source("alter table users rename country to land")
    person.clears(run_id, EXTRACT)
    person.is_told(entry, run_id)
    (changes,) = commands("When a source changes its shape")
    assert "country" in person.types(changes)
    person.of_source("alter table users rename land to country")
    person.clears_to_green(run_id, EXTRACT)


@pytest.mark.runbook("UnexpectedError: …")
def test_rows_that_the_source_refuses(person, entry, day):
    place = {"schema": "public", "table": "viewing_sessions"}
    person.of_source(PLANT.format(**place, body="raise exception 'planted';"))
    run_id = person.fails(entry, **day)
    person.of_source(UPROOT.format(**place))
    person.clears_to_green(run_id, "load_csvs_to_postgres")


@pytest.mark.runbook("DataQualityError: … please report it")
def test_rows_that_are_lost_in_raw(person, entry, day):
    place = {"schema": "raw", "table": "postgres_viewing_sessions"}
    person.of_warehouse(PLANT.format(**place, body="return null;"))
    run_id = person.fails(entry, **day)
    person.of_warehouse(UPROOT.format(**place))
    person.clears_to_green(run_id, EXTRACT)


@pytest.mark.runbook("DataQualityError: raw.… differs from its source")
def test_raw_that_somebody_changed(person, entry, day):
    person.of_warehouse("update raw.postgres_users set age = age + 1")
    person.fails(entry, **day)
    (watermark,) = [each for each in commands("Sources, raw and star differ") if "watermarks" in each]
    person.types(watermark)
    person.triggers(**day)


@pytest.mark.runbook("TransientError")
def test_statement_that_hangs(person, entry, day):
    place = {"schema": "public", "table": "viewing_sessions"}
    person.of_source(PLANT.format(**place, body=HANGS))
    with changed(person.ui.project / "include" / "libpq.py", "55min", "5s"):
        run_id = person.starts(**day)
        person.finds_no_try_left(run_id)
        assert "canceling statement due to statement timeout" in person.is_told(entry, run_id)
    person.of_source(UPROOT.format(**place))
    person.clears_to_green(run_id, "load_csvs_to_postgres")


@pytest.mark.runbook("WorkerKilled")
def test_task_whose_process_is_killed(person, entry, day):
    place = {"schema": "public", "table": "viewing_sessions"}
    person.of_source(PLANT.format(**place, body=HANGS))
    run_id = person.starts(**day)
    person.finds_no_try_left(run_id)
    person.airflow.wait_for(run_id, "load_csvs_to_postgres", "running")
    # The one that runs beside it ends.
    person.ui.until(lambda: len(tasks_at_work(person)) == 1, 60)
    (process,) = tasks_at_work(person)
    process.kill()
    person.is_told(entry, run_id)
    # Its session would sleep on.
    person.of_source("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'")
    person.of_source(UPROOT.format(**place))
    person.clears_to_green(run_id, "load_csvs_to_postgres")


@pytest.mark.runbook("ForeignTableError")
def test_table_of_somebody_else(person, entry, day):
    person.of_source("drop table users cascade; create table users (user_id text, age int, mine text)")
    person.fails(entry, **day)
    env_file = person.ui.project / ".env"
    assert "or name another database in .env" in entry.remedy
    named = re.sub("^SOURCE_DB=.*$", "SOURCE_DB=another", env_file.read_text(), flags=re.MULTILINE)
    env_file.write_text(named)
    person.ui.stop()
    person.ui.start()
    person.triggers(**day, allow_mass_deletion=True)
