"""Readers see the versions of one publication, whatever is written meanwhile."""

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from dashboard.publications import Publications
from include.errors import InputError, PublicationError
from lakehouse import publications, tested
from lakehouse.dashboard import LakeSource
from lakehouse.lake import Lake
from lakehouse.maintenance import maintain, restore
from lakehouse.publications import current, publish, roll_back
from lakehouse.query import ask
from tests.lakehouse.reader import reading
from tests.lakehouse.writers import let_two_meet

PUBLICATIONS = 20
STAR = ("fct_viewing_sessions", "dim_users", "dim_content")
BUILDS = """
select min(f.build), max(f.build), min(u.build), max(u.build), min(c.build), max(c.build)
from trusted.fct_viewing_sessions as f, trusted.dim_users as u, trusted.dim_content as c
"""


def build(lake: Lake, number: int, pause: float = 0) -> None:
    """Write the star's tables one after the other, as dbt does; each row says of which build it is."""
    with tested.build(lake):
        for table in STAR:
            rows = pa.table({"build": [number] * 10, "row": range(10)})
            write_deltalake(lake.path(f"trusted_next.{table}"), rows, mode="overwrite")
            time.sleep(pause)


def seen(lake: Lake, as_of: object = None) -> int:
    """Return the build that readers see."""
    header, (found,) = ask(
        lake, "select distinct build from trusted.dim_users join trusted.dim_content using (build)", as_of
    )
    assert header == ("build",)
    return int(found)


def test_a_reader_through_twenty_publications_sees_no_mixed_star(lake: Lake, tmp_path):
    build(lake, 0)
    publish(lake)
    with reading(lake, BUILDS, tmp_path / "stop") as answers:
        for number in range(1, PUBLICATIONS + 1):
            build(lake, number, pause=0.05)
            publish(lake)
    assert all(len(set(answer)) == 1 and len(answer) == 6 for answer in answers), answers
    assert len({answer[0] for answer in answers}) > PUBLICATIONS / 2
    assert [int(answer[0]) for answer in answers] == sorted(int(answer[0]) for answer in answers)


def test_what_is_built_is_seen_when_it_is_published(lake: Lake):
    build(lake, 1)
    publish(lake)
    build(lake, 2)
    assert seen(lake) == 1
    assert publish(lake).number == 2
    assert seen(lake) == 2
    # Nothing has changed since.
    assert publish(lake).number == 2


def spoil(lake: Lake) -> None:
    write_deltalake(lake.path("trusted_next.dim_users"), pa.table({"build": [0], "row": [0]}), mode="append")


def test_what_is_not_tested_is_not_published(lake: Lake):
    build(lake, 1)
    publish(lake)
    with contextlib.suppress(ZeroDivisionError), tested.build(lake):
        spoil(lake)
        with pytest.raises(PublicationError, match=r"trusted_next\.dim_users: not tested"):
            publish(lake)
        raise ZeroDivisionError
    with pytest.raises(PublicationError, match=r"trusted_next\.dim_users: not tested"):
        publish(lake)
    assert seen(lake) == 1
    build(lake, 3)
    publish(lake)
    assert seen(lake) == 3


def test_a_star_that_two_builds_wrote_at_once_is_not_tested(lake: Lake):
    builds = [tested.build(lake), tested.build(lake)]
    for one in builds:
        one.__enter__()
    spoil(lake)
    for one in builds:
        with pytest.raises(PublicationError, match="Another build began"):
            one.__exit__(None, None, None)
    assert tested.tested(lake) == {}


def test_what_a_restore_and_maintenance_published_is_not_taken_back(lake: Lake):
    for number in (1, 2):
        build(lake, number)
        publish(lake)
    restore(lake, "trusted_next.dim_users", 0)
    maintain(lake, datetime.now(UTC))
    shown = current(lake)
    assert publish(lake) == shown


def test_a_rollback_gives_back_the_publication_before_within_a_second(lake: Lake):
    for number in (1, 2):
        build(lake, number)
        publish(lake)
    started = time.monotonic()
    roll_back(lake)
    assert time.monotonic() - started < 1
    assert seen(lake) == 1
    roll_back(lake)
    assert seen(lake) == 2


def test_there_is_no_rollback_before_the_second_publication(lake: Lake):
    with pytest.raises(PublicationError, match="no publication before"):
        roll_back(lake)
    build(lake, 1)
    publish(lake)
    with pytest.raises(PublicationError, match="no publication before"):
        roll_back(lake)


def test_the_lake_is_asked_as_of_a_publication_or_a_time(lake: Lake):
    before = datetime.now(UTC)
    moments = []
    for number in (1, 2, 3):
        build(lake, number)
        publish(lake)
        time.sleep(0.02)
        moments.append(datetime.now(UTC))
        time.sleep(0.02)
    assert [seen(lake, number) for number in (1, 2, 3)] == [1, 2, 3]
    assert [seen(lake, moment) for moment in moments] == [1, 2, 3]
    assert [one.number for one in publications.publications(lake)] == [3, 2, 1]
    for wrong in (4, 0, before):
        with pytest.raises(PublicationError, match=r"There is no publication|Nothing was published"):
            seen(lake, wrong)


def test_of_two_publications_at_once_none_is_lost(lake: Lake, monkeypatch: pytest.MonkeyPatch):
    build(lake, 1)
    publish(lake)
    let_two_meet(monkeypatch, publications)
    changes = [{"trusted_next.dim_users": 7}, {"trusted_next.dim_content": 8}]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda change: publications.publish_also(lake, "restore", change), changes))
    assert current(lake).number == 3
    assert {7, 8} < set(current(lake).versions.values())


def test_a_query_is_answered_as_text_with_nulls_and_its_errors_are_duckdbs(lake: Lake):
    build(lake, 1)
    publish(lake)
    rows = list(
        ask(
            lake,
            "select 1.50 as a, null as b, timestamptz '2024-09-01 06:00:00+00' as c",
        )
    )
    assert rows == [("a", "b", "c"), ("1.50", None, "2024-09-01 06:00:00+00")]
    for query, words in (
        ("select nothing from trusted.dim_users", 'column "nothing" not found'),
        ("select * from trusted.nothing", "does not exist"),
        ("create table x (y int)", "only read"),
    ):
        with pytest.raises(InputError, match=words):
            list(ask(lake, query))


def test_a_lake_without_a_publication_says_so(lake: Lake):
    with pytest.raises(PublicationError, match="Nothing is published yet"):
        list(ask(lake, "select 1"))
    pages = Publications(LakeSource(lake))
    pages.refresh()
    assert pages.state.problem == "Nothing is published yet: `make lake` brings the first publication"
