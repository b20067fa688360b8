"""The three files alone give the lake that raw gives, and the same rows in quarantine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.errors import GuardError, InputError
from include.tables import raw_tables
from lakehouse import files, silver
from lakehouse.files import Batch
from lakehouse.lake import Lake
from tests.integration.helpers.pipeline import Pipeline
from tests.integration.helpers.samples import ANA, BEN, CAT, movie, show
from tests.integration.helpers.source_files import SourceFiles
from tests.lakehouse.conftest import SESSION, Follower, extract
from tests.product import USERS, VIEWING_SESSIONS

NOW = datetime(2024, 9, 1, 6, tzinfo=UTC)
# What says when and by whom a row was brought.
STAMPS = {"created_at", "_batch_id", "_as_of", "_loaded_at", "_source_updated_at", "_document"}
USER_LINES = (
    ANA,
    BEN,
    CAT,
    # A whole number with a point, blanks around a number, an empty text.
    "U0004,21.0,,Basic,2022-10-02, 58 ",
    'U0005,30,"Korea, ""South""",Basic,2022-10-02,.5',
    "U0006,+30,Peru,Basic,2022-10-02,1e2",
    "U0007,131,Peru,Basic,2022-10-02,1",
    "U0008,abc,Peru,Basic,2022-10-02,1",
    "U0009,30.5,Peru,Basic,2022-10-02,1",
    "U0010,30,Peru,Basic,2022-02-30,1",
    "U0011,30,Peru,Basic,20221002,1",
    "U0012,30,Peru,Basic,1899-12-31,1",
    "U0013,30,Peru,Basic,,1",
    "U0014,30,Peru,Basic,2022-10-02,-0.1",
    "U0015,30,Peru,Basic,2022-10-02,999999999999999999999999999",
    "U0016,30,Peru,Basic,2022-10-02,NaN",
    "U0017,30,Peru,Basic",
    ANA.replace("21", "99"),
    f"{'U' * 1001},30,Peru,Basic,2022-10-02,1",
    " ,30,Peru,Basic,2022-10-02,1",
)
MOVIES = (movie(), movie("M2", title=" "), movie("M3", rating="9"), movie("M4", rating=7.25), movie("M1"))
SERIES = (show(), show("S2", episodes_per_season=[8, -1]))


# As bronze.quarantine has them.
REJECTED = """
select source_name, position, column_name, value, reason, rule, row_text
from quarantine.rejected_rows where stage = 'seed'
"""


def write(folder: Path) -> SourceFiles:
    folder.mkdir(exist_ok=True)
    written = SourceFiles(folder)
    written.write_csv(USERS, USER_LINES)
    written.write_csv(VIEWING_SESSIONS, [SESSION.format(number, number % 28 + 1) for number in range(200)])
    written.write_content(MOVIES, SERIES)
    return written


def load(lake: Lake, folder: Path, now: datetime = NOW) -> dict[str, int]:
    landed = files.land(lake, folder, Batch(now.date(), now))
    silver.merge(lake)
    return {one.table: one.landed for one in landed}


def test_files_give_what_the_pipeline_gives(
    follower: Follower, pipeline: Pipeline, lake: Lake, tmp_path: Path
):
    write(pipeline.folder)
    pipeline.seed(USERS)
    pipeline.seed(VIEWING_SESSIONS)
    pipeline.seed_catalogue()
    extract(pipeline)
    load(lake, pipeline.folder)

    def said(rows: list[dict]) -> list[dict]:
        return [{name: value for name, value in row.items() if name not in STAMPS} for row in rows]

    for table in raw_tables():
        live = [row for row in follower.raw(table) if row["_deleted_at"] is None]
        assert live
        assert said(follower.rows(f"silver.{table}")) == said(live), table
    wanted = follower.platform.query("admin", REJECTED)
    found = lake.open("bronze.quarantine").to_pyarrow_table().to_pylist()
    assert sorted(tuple(row.values())[:7] for row in found) == sorted(wanted)
    assert len(wanted) > 15


def test_files_that_come_again_change_nothing(lake: Lake, tmp_path: Path):
    write(tmp_path / "files")
    load(lake, tmp_path / "files")
    versions = {name: lake.open(name).version() for name in lake.tables() if name != "bronze.quarantine"}
    assert set(load(lake, tmp_path / "files", NOW + timedelta(days=1)).values()) == {0}
    assert {name: lake.open(name).version() for name in versions} == versions
    assert lake.open("bronze.quarantine").to_pyarrow_table().num_rows == len(USER_LINES) - 6 + 4


def test_changes_and_deletions_are_followed_and_a_rejected_row_is_none(lake: Lake, tmp_path: Path):
    written = write(tmp_path / "files")
    load(lake, tmp_path / "files")
    later = NOW + timedelta(days=1)
    written.write_csv(USERS, [ANA.replace("21", "22"), BEN.replace("35", "-1")])
    written.write_content([movie(genre=["Drama"])], [show()])
    assert load(lake, tmp_path / "files", later)["postgres_users"] == 5
    users = {row["user_id"]: row for row in lake.open("silver.postgres_users").to_pyarrow_table().to_pylist()}
    assert (users["U0001"]["age"], users["U0001"]["created_at"], users["U0001"]["_loaded_at"]) == (
        22,
        NOW,
        later,
    )
    days = [users[name]["_as_of"] for name in ("U0001", "U0002")]
    assert days == [later.date(), NOW.date()]
    # Ben's row came, and was rejected: he is as he was.
    assert (users["U0002"]["age"], users["U0002"]["_deleted_at"]) == (35, None)
    assert {name for name, row in users.items() if row["_deleted_at"]} == {"U0003", "U0004", "U0005", "U0006"}
    genres = lake.open("silver.mongo_content_genres").to_pyarrow_table().to_pylist()
    gone = [(row["content_id"], row["genre"]) for row in genres if row["_deleted_at"]]
    assert sorted(gone) == [("M1", "Thriller"), ("M4", "Drama"), ("M4", "Thriller")]


def test_a_file_that_is_cut_off_lands_nothing(lake: Lake, tmp_path: Path):
    written = write(tmp_path / "files")
    written.write("users.csv", ",".join(column.name for column in USERS.file_columns) + f"\n{ANA}\nU0002,3")
    with pytest.raises(InputError, match="cut off"):
        load(lake, tmp_path / "files")
    assert lake.tables() == []


def test_a_file_without_most_of_its_rows_is_refused(lake: Lake, tmp_path: Path):
    written = write(tmp_path / "files")
    load(lake, tmp_path / "files")
    written.write_csv(VIEWING_SESSIONS, [SESSION.format(1, 2)])
    with pytest.raises(GuardError, match="199 of its 200 live rows would vanish"):
        load(lake, tmp_path / "files", NOW + timedelta(days=1))
    sessions = lake.open("silver.postgres_viewing_sessions").to_pyarrow_table()
    assert sessions.column("_deleted_at").null_count == sessions.num_rows == 200


def test_raw_and_files_are_not_mixed_in_one_lake(follower: Follower, pipeline: Pipeline):
    follower.load()
    with pytest.raises(InputError, match=r"follows raw .*, and this is files"):
        load(follower.lake, pipeline.folder)
