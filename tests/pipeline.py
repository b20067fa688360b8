"""The pipeline's steps without Airflow, on a test's databases: seed, extract, dbt build, and a checksum."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

from include.environment import ROOT
from include.extract_load import load_collection, load_table
from include.load_log import Batch
from include.seed import OWN_FILES, seed_collection, seed_table
from include.tables import MONGO_COLLECTIONS, POSTGRES_TABLES
from tests.conftest import Platform

STAMPS = {"_loaded_at", "_user_loaded_at"}


def load_everything(platform: Platform, folder: Path, batch: Batch, dataset: str = OWN_FILES) -> None:
    """Seed both sources from the folder's files and load them into raw."""
    files = {"folder": str(folder), "dataset": dataset}
    app, reader, loader = (platform.connect(role) for role in ("app", "elt_reader", "elt_loader"))
    for table in POSTGRES_TABLES:
        seed_table(app, loader, table, batch, **files)
        load_table(reader, loader, table, batch)
    for collection in MONGO_COLLECTIONS:
        seed_collection(platform.mongo("app"), loader, collection, batch, **files)
        load_collection(platform.mongo("elt_reader"), loader, collection, batch)


def dbt_build(platform: Platform, target: Path, *options: str) -> None:
    """Run `dbt build`; fail with dbt's own words."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(Path(sys.executable).parent / "dbt"), "--no-use-colors", "build", *options]
    command += ["--project-dir", str(ROOT / "dbt"), "--profiles-dir", str(ROOT / "dbt")]
    paths = {"DBT_TARGET_PATH": str(target / "target"), "DBT_LOG_PATH": str(target / "logs")}
    done = subprocess.run(
        command, env=environment | platform.dbt_env() | paths, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]


def trusted_checksums(platform: Platform) -> dict[str, tuple[int, str]]:
    """Return rows and checksum of every trusted table, load stamps aside."""
    tables = platform.query(
        "bi_reader",
        "select table_name, string_agg(quote_ident(column_name), ',' order by ordinal_position)"
        " filter (where not column_name = any (%s))"
        " from information_schema.columns where table_schema = 'trusted' group by table_name",
        list(STAMPS),
    )
    row = "md5(row({columns})::text)"
    query = f"select count(*), coalesce(md5(string_agg({row}, '' order by {row})), '') from trusted.{{table}}"
    return {
        table: platform.query("bi_reader", query.format(table=table, columns=columns))[0]
        for table, columns in tables
    }


def today(batch_id: str) -> Batch:
    """Return a batch of a fixed day: tests never depend on the clock."""
    return Batch(batch_id, date(2024, 9, 1))
