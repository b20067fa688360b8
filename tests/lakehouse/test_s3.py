"""The same lake at an address of S3, on a server of this machine."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from include.errors import InputError
from lakehouse import bronze, files
from lakehouse.duck import duck
from lakehouse.files import Batch
from lakehouse.lake import Lake
from lakehouse.maintenance import maintain, restore
from lakehouse.publications import publish, roll_back
from lakehouse.query import ask
from lakehouse.settings import read_lake_settings
from tests.lakehouse.test_files import NOW, load, write
from tests.lakehouse.writers import let_two_meet

COUNT = "select count(*) from silver.postgres_users where user_id >= 'U0001'"
SECRET = "a-secret-of-s3"


@pytest.fixture
def s3(endpoint: str, request: pytest.FixtureRequest) -> Lake:
    env = {"LAKE": f"s3://lake/{request.node.name}", "LAKE_ENDPOINT": endpoint}
    return Lake(read_lake_settings({**env, "LAKE_ACCESS_KEY_ID": "key", "LAKE_SECRET_ACCESS_KEY": SECRET}))


def test_files_are_landed_published_asked_and_rolled_back(s3: Lake, tmp_path: Path):
    write(tmp_path / "files")
    assert s3.tables() == []
    for day in range(2):
        load(s3, tmp_path / "files", NOW + timedelta(days=day))
        publish(s3)
    assert list(ask(s3, COUNT)) == [("count_star()",), ("6",)]
    with (tmp_path / "files" / "users.csv").open("a") as file:
        file.write("U9,1,Peru,Basic,2022-10-02,1\n")
    load(s3, tmp_path / "files", NOW + timedelta(days=2))
    number = publish(s3).number
    assert [list(ask(s3, COUNT, as_of))[1] for as_of in (number, number - 1)] == [("7",), ("6",)]
    roll_back(s3)
    assert list(ask(s3, COUNT))[1] == ("6",)
    restore(s3, "silver.postgres_users", s3.open("silver.postgres_users").version())
    assert list(ask(s3, COUNT))[1] == ("7",)
    assert {one.table for one in maintain(s3, datetime.now(UTC))} == set(s3.tables())


def test_of_two_writers_at_once_the_server_takes_one(
    s3: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path / "files")
    let_two_meet(monkeypatch, bronze)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(
            lambda _: files.land(s3, tmp_path / "files", Batch(NOW.date(), NOW)), range(2)
        )
    users = [one.landed for landings in (first, second) for one in landings if one.table == "postgres_users"]
    assert sorted(users) == [0, 6]
    assert s3.open("bronze.postgres_users").to_pyarrow_table().num_rows == 6


def test_the_secret_is_not_shown(s3: Lake):
    assert SECRET not in repr(s3)
    assert SECRET in s3.settings.storage.values()


def test_a_login_that_is_lent_has_a_token(endpoint: str, tmp_path: Path):
    env = {"LAKE": "s3://lake/lent", "LAKE_ENDPOINT": endpoint, "LAKE_SESSION_TOKEN": "a-token"}
    lent = Lake(read_lake_settings({**env, "LAKE_ACCESS_KEY_ID": "key", "LAKE_SECRET_ACCESS_KEY": SECRET}))
    write(tmp_path / "files")
    assert load(lent, tmp_path / "files")["postgres_users"] == 6
    assert lent.settings.storage["AWS_SESSION_TOKEN"] == "a-token"
    with duck(lent.settings) as query:
        assert (
            "session_token=redacted" in query.sql("select secret_string from duckdb_secrets()").fetchone()[0]
        )


@pytest.mark.parametrize("missing", ["LAKE_ACCESS_KEY_ID", "LAKE_SECRET_ACCESS_KEY"])
def test_an_address_of_s3_needs_a_login(missing: str):
    env = {"LAKE": "s3://lake", "LAKE_ACCESS_KEY_ID": "key", "LAKE_SECRET_ACCESS_KEY": SECRET}
    with pytest.raises(InputError, match=f"{missing} is empty"):
        read_lake_settings({**env, missing: ""})


def test_an_address_of_another_kind_is_refused():
    with pytest.raises(InputError, match="neither a folder nor s3://"):
        read_lake_settings({"LAKE": "gs://bucket"})
