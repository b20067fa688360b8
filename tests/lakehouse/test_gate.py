"""The gate between silver and gold: silver is what bronze says, or nothing is built of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from include.errors import DataQualityError, InputError
from include.tables import raw_tables
from lakehouse import files, gate
from lakehouse.files import Batch
from lakehouse.lake import Lake
from tests.integration.helpers.samples import ANA, movie, show
from tests.lakehouse.test_files import NOW, load, write
from tests.product import USERS


def test_what_was_landed_and_merged_passes_with_its_live_rows(lake: Lake, tmp_path: Path):
    written = write(tmp_path / "files")
    load(lake, tmp_path / "files")
    assert gate.check(lake)["postgres_users"] == 6
    # Changed and deleted rows have several versions in bronze.
    written.write_csv(USERS, [ANA.replace("21", "22")])
    written.write_content([movie(genre=["Drama"])], [show()])
    load(lake, tmp_path / "files", NOW + timedelta(days=1))
    found = gate.check(lake)
    assert found.keys() == raw_tables().keys()
    assert found["postgres_users"] == 1


@pytest.mark.parametrize(("age", "has"), [(None, 0), ("22", 1)], ids=["deleted", "changed"])
def test_a_row_of_silver_that_somebody_changed_is_found(
    lake: Lake, tmp_path: Path, age: str | None, has: int
):
    write(tmp_path / "files")
    load(lake, tmp_path / "files")
    users, ana = lake.open("silver.postgres_users"), "user_id = 'U0001'"
    if age:
        users.update({"age": age}, predicate=ana)
    else:
        users.delete(ana)
    said = rf"silver\.postgres_users lacks 1 rows of bronze, and has {has} that bronze has not"
    with pytest.raises(DataQualityError, match=said):
        gate.check(lake)


def test_rows_that_were_landed_and_not_merged_are_found(lake: Lake, tmp_path: Path):
    write(tmp_path / "files")
    files.land(lake, tmp_path / "files", Batch(NOW.date(), NOW))
    with pytest.raises(DataQualityError, match=r"silver\.postgres_users lacks 6 rows"):
        gate.check(lake)


def test_a_table_without_a_live_row_is_refused(lake: Lake, tmp_path: Path):
    written = write(tmp_path / "files")
    written.write_content([movie()], [])
    load(lake, tmp_path / "files")
    with pytest.raises(InputError, match=r"silver\.mongo_series has no live row"):
        gate.check(lake)
