"""The star that Apache Spark builds on Iceberg tables is PostgreSQL's, to the last digit."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY, Star
from tests.own_files import write_own_files
from tests.pipeline import build_next, load_everything, today
from tests.spark.cluster import Cluster, Spark, session, started

DAYS = 5
# What the days brought: deleted sessions, those of the month before, versions of users that ended.
CHANGES = """
select
    count(*) filter (where _deleted_at is not null) as deleted,
    count(*) filter (where watch_date < _as_of - 30) as late,
    (select count(*) from trusted_next.dim_users where not is_current) as versions
from raw.postgres_viewing_sessions
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


# First: of two sessions the second would wait for the cores of the one before.
@pytest.mark.nightly
def test_files_that_the_generator_did_not_make_are_equal(
    platform: Platform, cluster: Cluster, tmp_path: Path
):
    write_own_files(tmp_path / "files", 20, users=300, titles=40, sessions=5000)
    load_everything(platform, tmp_path / "files", today("own files"))
    done = build_next(platform, tmp_path / "star", *MODELS_ONLY, batch=today("build"))
    assert done.returncode == 0, done.stdout[-5000:]
    with session(platform, cluster, tmp_path) as spark:
        assert spark.build(*MODELS_ONLY) == []


@pytest.fixture(scope="module")
def daily(
    warehouse: Platform, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Star, Spark]]:
    """A product's first day, on PostgreSQL and on Spark."""
    star = Star(warehouse, tmp_path_factory.mktemp("star"), seed=20_241_087)
    star.days.first()
    star.build()
    with session(warehouse, cluster, tmp_path_factory.mktemp("spark")) as spark:
        assert spark.build(*MODELS_ONLY) == []
        yield star, spark


@pytest.mark.nightly
def test_days_with_all_kinds_of_changes_are_equal(daily: tuple[Star, Spark]):
    star, spark = daily
    for _ in range(DAYS):
        star.days.next()
        star.build()
        assert spark.build(*MODELS_ONLY) == []
    ((deleted, late, versions),) = star.query(CHANGES)
    assert min(deleted, late, versions) > 5


@pytest.mark.nightly
def test_a_business_day_that_is_built_twice_is_equal(daily: tuple[Star, Spark]):
    star, spark = daily
    star.days.again()
    star.build()
    assert spark.build(*MODELS_ONLY) == []


def test_tests_and_unit_tests_pass_while_a_worker_is_killed_and_the_star_is_equal(
    daily: tuple[Star, Spark], cluster: Cluster
):
    star, spark = daily
    star.days.next()
    star.build()
    spark.begin()
    spark.wait_for("START sql incremental model")
    os.kill(cluster.workers[0], signal.SIGKILL)
    assert spark.end() == []
