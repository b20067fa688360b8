"""The star that Apache Spark builds on Iceberg tables is PostgreSQL's, to the last digit."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY, Star
from tests.lakehouse import stars
from tests.lakehouse.spark import Cluster, Spark, started
from tests.own_files import write_own_files
from tests.pipeline import build_next, load_everything, today

DAYS = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def daily(
    warehouse: Platform, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Star, Spark]:
    """A product's first day, on PostgreSQL; nothing yet on Spark."""
    star = Star(warehouse, tmp_path_factory.mktemp("star"), seed=20_240_901)
    star.days.first()
    star.build()
    return star, Spark(warehouse, tmp_path_factory.mktemp("spark"), cluster)


def test_a_first_build_and_days_with_all_kinds_of_changes_are_equal(daily):
    star, spark = daily
    assert spark.build(*MODELS_ONLY) == []
    for _ in range(DAYS):
        star.days.next()
        star.build()
        assert spark.build(*MODELS_ONLY) == []


def test_files_that_the_generator_did_not_make_are_equal(platform: Platform, cluster: Cluster, tmp_path: Path):
    write_own_files(tmp_path / "files", 20, users=300, titles=40, sessions=5000)
    load_everything(platform, tmp_path / "files", today("own files"))
    done = build_next(platform, tmp_path / "star", *MODELS_ONLY, batch=today("build"))
    assert done.returncode == 0, done.stdout[-5000:]
    assert Spark(platform, tmp_path / "spark", cluster).build(*MODELS_ONLY) == []


def test_tests_and_unit_tests_pass_while_a_worker_is_killed_and_the_star_is_equal(daily):
    star, spark = daily
    star.days.next()
    star.build()
    build = spark.start()
    for line in build.stdout:
        if "START sql incremental model" in line:
            os.kill(spark.cluster.workers[0], signal.SIGKILL)
            break
    output, _ = build.communicate()
    assert build.returncode == 0, output[-5000:]
    found = json.loads((spark.folder / "star.json").read_text())
    assert stars.differences(stars.in_postgresql(spark.platform), found) == []
