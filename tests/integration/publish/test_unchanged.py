"""A run that finds nothing new keeps the star that readers see; in every other case a star is built."""

import json
import logging
from datetime import UTC, datetime

import pytest

from include.dbt import code_checksum
from include.errors import PublicationError
from include.ops.load_runs import Load, record_load
from include.ops.publications import Publication
from include.publish import publish, rollback
from include.publish.schema_marker import NEXT, TRUSTED
from include.publish.unchanged import schema_to_compare, unchanged_star
from tests.integration.publish.hand_made import Warehouse, batch
from tests.pipeline import raw_state


@pytest.fixture(autouse=True)
def loaded(star: Warehouse) -> None:
    """Raw was loaded once."""
    star.platform.query("elt_loader", "delete from ops.load_runs")
    load(star)


def load(star: Warehouse, **numbers: int) -> None:
    """Record a load of users; it inserted a row unless the numbers say something else."""
    loader = star.platform.connect("elt_loader")
    with loader:
        done = Load("extract", "postgres_users", datetime.now(UTC), **(numbers or {"read": 1, "inserted": 1}))
        record_load(loader, done, batch(1))
    loader.close()


def mark(star: Warehouse, number: int, **marks: object) -> None:
    """Mark the next star as dbt does when the run of that number built it from what raw holds."""
    marker = {"state": "tested", "batch_id": f"run {number}", "invocation_id": f"dbt {number}"}
    marker |= {"code": code_checksum(), "raw": raw_state(star.platform)} | marks
    star.do(f"comment on schema trusted_next is '{json.dumps(marker)}'")


def publish_marked(star: Warehouse, number: int, **marks: object) -> int:
    """Publish the star of the run; return its version."""
    star.build(number)
    mark(star, number, **marks)
    return publish(star.transformer, batch(number)).version


def unchanged(star: Warehouse) -> Publication | None:
    with star.platform.connect("elt_loader") as loader, loader.cursor() as cursor:
        return unchanged_star(cursor)


def compared(star: Warehouse, number: int) -> str:
    """Return the schema that the run of this number compares with raw."""
    with star.platform.connect("elt_loader") as loader, loader.cursor() as cursor:
        return schema_to_compare(cursor, batch(number))


def test_the_star_is_unchanged_until_a_load_changes_a_row(star):
    assert unchanged(star) is None
    publish_marked(star, 1)
    assert unchanged(star).version == 1
    load(star, read=5, unchanged=5)
    assert unchanged(star).version == 1
    load(star, deleted=1)
    assert unchanged(star) is None
    publish_marked(star, 2)
    assert unchanged(star).version == 2
    load(star, read=1, updated=1)
    assert unchanged(star) is None


@pytest.mark.parametrize(
    "marks",
    [{"code": "older"}, {"code": None}, {"raw": None}, {"raw": ""}, {"raw": "postgres_users 0"}],
    ids=str,
)
def test_a_star_of_other_code_or_of_an_unknown_state_is_built_again(star, marks):
    publish_marked(star, 1, **marks)
    assert unchanged(star) is None


def test_a_star_from_before_states_were_noted_is_built_again(star):
    star.publish(1)
    assert unchanged(star) is None


def test_nothing_is_unchanged_where_no_load_is_known(star):
    publish_marked(star, 1)
    star.platform.query("elt_loader", "delete from ops.load_runs")
    assert unchanged(star) is None
    publish_marked(star, 2)
    assert unchanged(star) is None


def test_a_star_that_was_tested_and_not_published_is_not_what_readers_see(star):
    publish_marked(star, 1)
    load(star)
    star.build(2)
    mark(star, 2)
    assert unchanged(star) is None


def test_after_a_rollback_the_older_state_is_built_again(star):
    publish_marked(star, 1)
    load(star)
    publish_marked(star, 2)
    rollback(star.transformer)
    assert unchanged(star) is None
    rollback(star.transformer)
    assert unchanged(star).version == 2


@pytest.mark.parametrize("state", ["tested", "building", "unfit"])
def test_a_run_with_nothing_to_build_publishes_nothing(star, caplog, state):
    caplog.set_level(logging.INFO)
    publish_marked(star, 1)
    # Whatever the next star is, it is none of this run.
    star.build(2, state)
    before = star.everything()
    for _ in range(2):
        assert publish(star.transformer, batch(3), unchanged(star)).version == 1
    assert star.everything() == before
    assert star.seen() == {1}
    kept = [message for message in caplog.messages if "had nothing to build" in message]
    assert len(kept) == 2
    assert "Run run 3 had nothing to build: readers keep version 1 (as of 2024-09-01, run run 1)" in kept


def test_a_run_with_nothing_to_build_that_is_published_again_later_changes_nothing(star):
    publish_marked(star, 1)
    publish(star.transformer, batch(2), unchanged(star))
    load(star)
    publish_marked(star, 3)
    before = star.everything()
    assert publish(star.transformer, batch(2), unchanged(star)).version == 2
    assert star.everything() == before


def test_a_run_that_should_have_built_is_not_published_without_its_star(star):
    publish_marked(star, 1)
    load(star)
    star.build(2, "unfit")
    before = star.everything()
    for number in (2, 3):
        with pytest.raises(PublicationError, match="in the state 'unfit' of run 'run 2'"):
            publish(star.transformer, batch(number), unchanged(star))
    assert star.everything() == before


def test_a_star_that_was_built_although_nothing_is_new_is_published(star):
    """A full refresh was asked for."""
    publish_marked(star, 1)
    assert publish_marked(star, 2) == 2
    assert unchanged(star).version == 2


def test_raw_is_compared_with_the_star_that_the_run_leaves_to_readers(star):
    assert compared(star, 1) == NEXT
    publish_marked(star, 1)
    # The task of the run that published it, cleared; and a run that had nothing to build.
    assert (compared(star, 1), compared(star, 2)) == (TRUSTED, TRUSTED)
    star.build(2)
    mark(star, 2)
    assert (compared(star, 2), compared(star, 3)) == (NEXT, TRUSTED)
    load(star)
    assert (compared(star, 2), compared(star, 3)) == (NEXT, NEXT)
