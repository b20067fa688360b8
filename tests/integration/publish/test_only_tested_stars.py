"""What is published: a star that was built and tested by its run, once, and that reads no other one."""

import psycopg2
import pytest

from include.errors import PublicationError
from include.publish import publish, rollback
from include.publish import swap as module
from tests.integration.publish.hand_made import (
    TABLES,
    batch,
    dies_in_the_swap,
)


def test_dropping_the_next_star_touches_nothing_that_readers_use(star):
    for number in (1, 2, 3):
        star.build(number)
        star.do("create view trusted_next.long_sessions as select * from trusted_next.fct_sessions")
        publish(star.transformer, batch(number))
    for table in TABLES:
        star.do(f"drop table trusted_next.{table} cascade")
    assert star.platform.query("bi_reader", "select distinct star from trusted.long_sessions") == [(3,)]
    rollback(star.transformer)
    assert star.platform.query("bi_reader", "select distinct star from trusted.long_sessions") == [(2,)]
    assert star.seen() == {2}


def test_a_star_that_reads_another_one_is_not_published(star):
    star.publish(1)
    next_star = star.build(2)
    star.do("create view trusted_next.mixed as select * from trusted.dim_users")
    with pytest.raises(PublicationError, match=r"trusted_next\.mixed reads trusted\.dim_users"):
        publish(star.transformer, next_star)
    assert star.seen() == {1}


def test_publishing_a_batch_twice_swaps_once(star):
    star.publish(1)
    next_star = star.build(2)
    first = publish(star.transformer, next_star)
    after = star.everything()
    assert publish(star.transformer, next_star) == first
    assert star.everything() == after
    assert star.seen() == {2}


def test_a_run_that_was_published_before_others_changes_nothing(star):
    first = publish(star.transformer, star.build(1))
    for number in (2, 3, 4):
        star.publish(number)
    after = star.everything()
    assert publish(star.transformer, batch(1)) == first
    assert star.everything() == after


def test_a_run_that_is_built_again_is_published_again(star):
    star.publish(1)
    star.publish(2)
    star.build(1)
    marker = '{"state": "tested", "batch_id": "run 1", "invocation_id": "dbt 1 again"}'
    star.do(f"comment on schema trusted_next is '{marker}'")
    assert publish(star.transformer, batch(1)).version == 3
    assert star.seen() == {1}


def test_an_older_run_does_not_publish_what_a_later_one_replaced(star):
    star.publish(1)
    star.publish(2)
    star.build(3)
    star.publish(4)
    after = star.everything()
    with pytest.raises(PublicationError, match=r"'run 3' but .* of run 'run 1'.*see version 3 .*run 4\)"):
        publish(star.transformer, batch(3))
    assert star.everything() == after


@pytest.mark.parametrize("state", ["building", "unfit", "published"])
def test_a_star_that_was_not_tested_is_not_published(star, state):
    star.publish(1)
    next_star = star.build(2, state)
    after = star.everything()
    with pytest.raises(PublicationError, match=f"in the state '{state}' of run 'run 2'"):
        publish(star.transformer, next_star)
    assert star.everything() == after


def test_a_star_that_dbt_begins_to_build_in_the_last_moment_is_not_published(star, monkeypatch):
    star.publish(1)
    next_star = star.build(2)

    def measure(*arguments: object) -> object:
        star.do("""comment on schema trusted_next is '{"state": "building"}'""")
        return real(*arguments)

    real = module.contents_of
    monkeypatch.setattr(module, "contents_of", measure)
    with pytest.raises(PublicationError, match="changed meanwhile"):
        publish(star.transformer, next_star)
    assert star.seen() == {1}


def test_a_connection_that_dies_in_the_swap_leaves_the_old_star(star, monkeypatch):
    star.publish(1)
    next_star = star.build(2)
    before = star.everything()
    with dies_in_the_swap(monkeypatch), pytest.raises(psycopg2.OperationalError):
        publish(star.transformer, next_star)
    assert star.everything() == before
    assert star.seen() == {1}
    assert publish(star.platform.connect("dbt_transformer"), next_star).version == 2
    assert star.seen() == {2}
