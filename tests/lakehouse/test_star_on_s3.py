"""Files that the generator did not make, from the product's systems to readers of a lake in S3."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from include.run import Batch
from lakehouse.maintenance import history
from lakehouse.publications import current, roll_back
from tests.conftest import Platform
from tests.daily_star import MODELS_ONLY
from tests.lakehouse.lake import BuiltLake
from tests.own_files import write_own_files
from tests.pipeline import build_next, load_everything

pytestmark = pytest.mark.nightly

FACT = "trusted_next.fct_viewing_sessions"
SESSIONS = "silver.postgres_viewing_sessions"


class Days:
    """The files of a day after the other, loaded and built on PostgreSQL."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder, self.day = platform, folder, 1
        write_own_files(folder, 20, users=300, titles=40, sessions=5000)

    def build(self) -> None:
        batch = Batch(f"day {self.day}", date(2024, 9, self.day))
        load_everything(self.platform, self.folder, batch)
        done = build_next(self.platform, self.folder / "star", *MODELS_ONLY, batch=batch)
        assert done.returncode == 0, done.stdout[-5000:]
        self.day += 1

    def change(self) -> None:
        """Let plans change, sessions be corrected, deleted and come late, and a title get another name."""
        self._write(
            "users", lambda users: users.assign(subscription_type=users.subscription_type[::-1].values)
        )
        self._write("viewing_sessions", self._changed)
        catalogue = json.loads((self.folder / "content.json").read_text())
        catalogue["movies"][0]["title"] = f"Cut {self.day}"
        (self.folder / "content.json").write_text(json.dumps(catalogue))

    def _changed(self, sessions: pd.DataFrame) -> pd.DataFrame:
        late = sessions.head(20).assign(session_id=[f"L{self.day}{number}" for number in range(20)])
        kept = sessions.iloc[30:].copy()
        kept.loc[kept.index[:50], "watch_duration_minutes"] += 1
        return pd.concat([kept, late])

    def _write(self, name: str, change: object) -> None:
        path = self.folder / f"{name}.csv"
        change(pd.read_csv(path, keep_default_na=False)).to_csv(path, index=False)


@pytest.fixture(scope="module")
def both(
    warehouse: Platform, endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Days, BuiltLake]:
    """The first day in both stars."""
    settings = {"LAKE": "s3://lake/star", "LAKE_ENDPOINT": endpoint}
    settings |= {"LAKE_ACCESS_KEY_ID": "key", "LAKE_SECRET_ACCESS_KEY": "secret"}
    lake = BuiltLake(warehouse, tmp_path_factory.mktemp("lake"), settings)
    days = Days(warehouse, tmp_path_factory.mktemp("files"))
    days.build()
    lake.run("-m", "lakehouse", "build")
    return days, lake


def test_days_are_equal_and_a_rollback_gives_back_the_one_before(both):
    days, lake = both
    assert lake.differences() == []
    first = lake.star()
    days.change()
    days.build()
    lake.run("-m", "lakehouse", "build")
    assert lake.differences() == []
    assert history(lake.lake, FACT)[0].operation == "MERGE"
    roll_back(lake.lake)
    assert lake.star() == first
    roll_back(lake.lake)
    assert lake.differences() == []


def test_a_star_that_fails_a_test_is_not_published_and_a_restore_of_silver_mends_it(both):
    _, lake = both
    seen, star = current(lake.lake), lake.star()
    good = lake.lake.open(SESSIONS).version()
    lake.lake.open(SESSIONS).delete("session_id < 'S001000'")
    with lake.start("build") as build:
        output = build.stdout.read()
    assert build.returncode == 1
    assert "Failure in test assert_fact_matches_live_sessions" in output
    assert output.rstrip().endswith("Readers keep their star: dbt failed, and says above with what")
    assert (current(lake.lake), lake.star()) == (seen, star)
    lake.run("-m", "lakehouse", "restore", SESSIONS, str(good))
    lake.run("-m", "lakehouse", "build")
    assert current(lake.lake).number > seen.number
    assert lake.differences() == []
