"""History, restore, and housekeeping that takes nothing from readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from include.errors import InputError
from lakehouse import tested
from lakehouse.lake import Lake
from lakehouse.maintenance import history, maintain, restore
from lakehouse.publications import current, publish, roll_back
from lakehouse.query import ask
from lakehouse.settings import LakeSettings
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, CAT
from tests.lakehouse.conftest import Follower, extract

FACT = "trusted_next.fct_viewing_sessions"
USERS = "silver.postgres_users"


def write(lake: Lake, number: int, mode: str = "overwrite") -> None:
    with tested.build(lake):
        write_deltalake(lake.path(FACT), pa.table({"date_key": [number], "user_key": [1]}), mode=mode)


def seen(lake: Lake, as_of: int | None = None) -> list[int]:
    _, *rows = ask(lake, "select date_key from trusted.fct_viewing_sessions order by date_key", as_of)
    return [int(key) for (key,) in rows]


def files_of(lake: Lake, table: str) -> set[str]:
    return {path.name for path in Path(lake.path(table)).glob("*.parquet")}


def test_the_history_of_a_table_lists_its_commits(lake: Lake):
    write(lake, 1)
    write(lake, 2)
    newest, oldest = history(lake, FACT)
    assert (newest.version, newest.operation, newest.rows, oldest.version) == (1, "WRITE", 1, 0)
    assert timedelta(0) <= datetime.now(UTC) - newest.committed_at < timedelta(minutes=1)
    with pytest.raises(InputError, match=r"has no table silver\.nothing"):
        history(lake, "silver.nothing")


def test_a_table_is_restored_to_a_version_and_readers_see_it(lake: Lake):
    for number in (1, 2, 3):
        write(lake, number)
    publish(lake)
    assert restore(lake, FACT, 0) == 0
    assert seen(lake) == [1]
    assert lake.open(FACT).version() == 3
    with pytest.raises(InputError, match="has no version 99"):
        restore(lake, FACT, 99)


def test_a_table_is_restored_to_a_time(lake: Lake):
    write(lake, 1)
    moment = history(lake, FACT)[0].committed_at + timedelta(milliseconds=1)
    write(lake, 2)
    publish(lake)
    restore(lake, FACT, moment)
    assert seen(lake) == [1]


def test_a_restore_shows_readers_no_other_table_that_was_not_published(lake: Lake):
    users = lake.path("trusted_next.dim_users")
    write_deltalake(users, pa.table({"x": [1]}), mode="overwrite")
    write(lake, 1)
    publish(lake)
    write_deltalake(users, pa.table({"x": [2]}), mode="overwrite")
    write(lake, 2)
    restore(lake, FACT, 0)
    assert list(ask(lake, "select x from trusted.dim_users")) == [("x",), ("1",)]


def test_a_restored_table_of_silver_is_brought_up_to_date_by_the_next_load(
    follower: Follower, pipeline: Pipeline
):
    follower.load()
    version = follower.lake.open(USERS).version()
    pipeline.seed_users(ANA.replace("21", "22"), BEN, CAT)
    extract(pipeline)
    follower.load()
    restore(follower.lake, USERS, version)
    assert [row["age"] for row in follower.rows(USERS)] == [21, 35, 48]
    follower.load()
    assert follower.is_equal_to_raw()


def test_bronze_is_not_restored(follower: Follower):
    follower.load()
    with pytest.raises(InputError, match="only added to"):
        restore(follower.lake, "bronze.postgres_users", 0)


def test_small_files_are_written_together_and_readers_see_the_same_rows(lake: Lake):
    for number in range(5):
        write(lake, number, mode="append")
    publish(lake)
    (done,) = [one for one in maintain(lake, datetime.now(UTC)) if one.table == FACT]
    assert (done.compacted, done.removed) == (1, 0)
    assert len(lake.open(FACT).file_uris()) == 1
    assert seen(lake) == seen(lake, 1) == list(range(5))
    assert current(lake).versions[FACT] == lake.open(FACT).version()


def test_a_rollback_after_maintenance_gives_other_rows(lake: Lake):
    for number in (1, 2):
        write(lake, number)
        write(lake, number, mode="append")
        publish(lake)
    maintain(lake, datetime.now(UTC))
    assert current(lake).number == 3
    roll_back(lake)
    assert seen(lake) == [1, 1]
    roll_back(lake)
    assert seen(lake) == [2, 2]


def test_a_table_that_is_being_built_is_left_alone_and_not_published(lake: Lake):
    write(lake, 1)
    publish(lake)
    for number in (2, 3):
        write(lake, number, mode="append")
    maintain(lake, datetime.now(UTC))
    assert len(lake.open(FACT).file_uris()) == 3
    assert seen(lake) == [1]


def test_files_of_published_versions_stay_and_others_go(tmp_path: Path):
    lake = Lake(LakeSettings(str(tmp_path / "lake"), 0, {}))
    for number in range(6):
        write(lake, number)
        if number % 2:
            publish(lake)
    leftover = Path(lake.path(FACT)) / "part-00000-of-a-killed-writer.parquet"
    leftover.write_bytes(b"half")
    before = files_of(lake, FACT)
    maintain(lake, datetime.now(UTC) + timedelta(days=1))
    # Of six versions the newest two that were published are kept, for readers and for a rollback.
    assert len(before) == 7
    assert len(files_of(lake, FACT)) == 2
    assert (seen(lake), seen(lake, 2)) == ([5], [3])
    with pytest.raises(InputError):
        seen(lake, 1)


def test_nothing_that_is_younger_than_the_retention_goes(lake: Lake):
    for number in range(4):
        write(lake, number)
        publish(lake)
    (Path(lake.path(FACT)) / "part-00000-of-a-writer-that-goes-on.parquet").write_bytes(b"half")
    maintain(lake, datetime.now(UTC))
    assert len(files_of(lake, FACT)) >= 5
    assert [seen(lake, number) for number in (1, 2, 3, 4)] == [[0], [1], [2], [3]]
