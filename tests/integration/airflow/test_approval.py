"""A person says over REST whether readers get a star: approved, rejected, or nobody answered.

Scenario: each test goes on where the one before ended; the first day is published without a question.
"""

import pytest

from tests.running_airflow import Airflow

STAR = "select string_agg(md5(fact::text), '' order by session_id) from trusted.fct_viewing_sessions as fact"
FILES = "select relname, relfilenode from pg_class where relnamespace = 'trusted'::regnamespace order by 1"
VERSION = "select coalesce(max(version), 0) from ops.publications"


def seen(airflow: Airflow) -> tuple:
    """Return what readers see, in which files on disk it lies, and its version."""
    asked = (("bi_reader", STAR), ("postgres", FILES), ("elt_loader", VERSION))
    return tuple(airflow.query(role, sql) for role, sql in asked)


def question(airflow: Airflow, run_id: str) -> str:
    details = airflow.api.request("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false")
    (found,) = [one for one in details["hitl_details"] if one["task_instance"]["dag_run_id"] == run_id]
    return found["body"]


@pytest.fixture(scope="module")
def first(airflow: Airflow) -> Airflow:
    run_id = airflow.trigger("2024-09-01")
    assert airflow.wait(run_id) == "success", airflow.states(run_id)
    states = airflow.states(run_id)
    assert (states["approve_publication"], states["publish_trusted"]) == ("skipped", "success")
    return airflow


def test_an_approved_star_is_published(first):
    before = seen(first)
    run_id = first.trigger("2024-09-02", publish="ask")
    first.wait_until_asked(run_id)
    assert "fct_viewing_sessions" in question(first, run_id)
    assert seen(first) == before
    first.answer(run_id, "Approve")
    assert first.wait(run_id) == "success", first.states(run_id)
    assert first.states(run_id)["publish_trusted"] == "success"
    assert first.query("elt_loader", VERSION) == [(before[2][0][0] + 1,)]
    assert seen(first)[0] != before[0]


def test_a_rejected_star_leaves_readers_theirs_byte_for_byte(first):
    before = seen(first)
    run_id = first.trigger("2024-09-03", publish="ask")
    first.wait_until_asked(run_id)
    first.answer(run_id, "Reject")
    assert first.wait(run_id) == "success", first.states(run_id)
    states = first.states(run_id)
    assert (states["publish_trusted"], states["refresh_power_bi"]) == ("skipped", "skipped")
    assert states["report_run"] == "success"
    assert seen(first) == before


@pytest.mark.nightly
def test_a_star_that_is_kept_back_is_compared_and_not_published(first):
    before = seen(first)
    run_id = first.trigger("2024-09-03", publish="no")
    assert first.wait(run_id) == "success", first.states(run_id)
    states = first.states(run_id)
    assert (states["approve_publication"], states["publish_trusted"]) == ("skipped", "skipped")
    assert seen(first) == before
    kept = "select decision, reasons from ops.plans where batch_id = %s"
    assert first.query("elt_loader", kept, run_id) == [("keep", [])]


@pytest.mark.nightly
def test_without_an_answer_the_run_fails_and_says_so(first):
    before = seen(first)
    run_id = first.trigger("2024-09-03", publish="ask")
    first.wait_until_asked(run_id)
    # Half a day later.
    first.metadata("update task_instance set trigger_timeout = now() where state = 'awaiting_input'")
    assert first.wait(run_id) == "failed"
    task = first.task(run_id, "approve_publication")
    said = first.api.task_log(run_id, task)
    assert any("Nobody answered within 12 hours" in str(line) for line in said)
    assert first.states(run_id)["publish_trusted"] == "upstream_failed"
    assert seen(first) == before
