"""Two weeks of broken and corrected files, day by day, give the star that one rebuild at the end gives.

Data flow, each day: generated files with mistakes -> edited by STORY -> seed -> extract -> dbt build
-> checksums; at the end dbt build --full-refresh -> checksums.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from include.generate import ANCHOR, Size, write_files
from include.run import Batch
from tests.conftest import Platform
from tests.pipeline import dbt_build, load_everything, trusted_checksums

pytestmark = pytest.mark.nightly
SIZE, DEFECTS, LAST = Size(users=1_500, titles=80, sessions=15_000), 0.02, 13
# Unit tests do not look at rows; the data tests run when all days are in.
ROWS_ONLY = ("--exclude-resource-type", "unit_test")
MODELS_ONLY = (*ROWS_ONLY, "test")
# What remembers earlier days; all else is made anew from it, and on these days nobody looks.
MEMORY_ONLY = (*MODELS_ONLY, "--select", "+fct_viewing_sessions", "+dim_users", "+content_snapshot")
UNSEEN = (1, 2, 5, 6, 9, 10, 11, 12)
# Days as they are run: 4 twice with a second change of plan, 7 twice alike, 3 once more after 8.
RUNS = (0, 1, 2, 3, 4, 4.5, 5, 6, 7, 7.5, 8, 3, 9, 10, 11, 12, LAST)
RETURNER, REPLANNER, SWITCHER, TITLE = "U0002", "U0005", "U0006", "M001"


def _day(number: float) -> date:
    return ANCHOR + timedelta(days=int(number))


@dataclass(frozen=True)
class Files:
    """One day's three files, to be edited before they are loaded."""

    folder: Path

    def drop_user(self, user_id: str) -> list[str]:
        """Take the user out of the file and return their fields."""
        path = self.folder / "users.csv"
        lines = path.read_text().splitlines()
        (dropped,) = [line for line in lines if line.startswith(f"{user_id},")]
        path.write_text("\n".join([line for line in lines if line != dropped]) + "\n")
        return dropped.split(",")

    def add_user(self, *fields: object) -> None:
        self._append("users.csv", fields)

    def add_session(
        self, session_id: str, user_id: str, day: int, title: str = TITLE, device: str = "Mobile"
    ) -> None:
        self._append(
            "viewing_sessions.csv", [session_id, user_id, title, _day(day), 30, "50.0", device, "HD"]
        )

    def add_movie(self, content_id: str) -> None:
        path = self.folder / "content.json"
        content = json.loads(path.read_text())
        content["movies"].append({**content["movies"][1], "content_id": content_id})
        path.write_text(json.dumps(content))

    def _append(self, name: str, fields: object) -> None:
        with (self.folder / name).open("a") as file:
            file.write(",".join(map(str, fields)) + "\n")


def _returner(files: Files, number: float) -> None:
    """They are deleted on day 2 and back on day 5; a session of the days between names them."""
    if 2 <= number < 5:
        files.drop_user(RETURNER)
    if number >= 3:
        files.add_session("X_between", RETURNER, 3)
    if number >= 5:
        files.add_session("X_after_return", RETURNER, 5)


def _replanner(files: Files, number: float) -> None:
    """Two new plans on day 4; from day 6 on a late session of day 1 and one of day 6."""
    if number >= 4:
        row = files.drop_user(REPLANNER)
        files.add_user(*row[:3], "Trial" if number == 4 else "Family", *row[4:])
    if number >= 6:
        files.add_session("X_late", REPLANNER, 1)
        files.add_session("X_new_plan", REPLANNER, 6)


def _switcher(files: Files, number: float) -> None:
    """Their plan changes on day 4 after a session of that day was loaded."""
    if number >= 4:
        files.add_session("X_rekeyed", SWITCHER, 4)
    if number > 4:
        row = files.drop_user(SWITCHER)
        files.add_user(*row[:3], "Family", *row[4:])


def _early(files: Files, number: float) -> None:
    """A session names a user and a title five days before they arrive; another's never do."""
    files.add_session("X_early", "U_early", 0, title="M_early")
    files.add_session("X_orphan", "U_never", 0, title="M_never")
    if number >= 5:
        files.add_user("U_early", 40, "Chile", "Basic", _day(5), "1.0")
        files.add_movie("M_early")


def _devices(files: Files, number: float) -> None:
    """An unknown device, one that goes with its only session, and a session id that is repeated."""
    files.add_session("X_glasses", REPLANNER, 0, device="Glasses")
    if number < 9:
        files.add_session("X_fridge", REPLANNER, 0, device="Fridge")
    files.add_session("X_repeated", REPLANNER, 0, device="Tablet")
    files.add_session("X_repeated", REPLANNER, 0, device="Second")


STORY: tuple[Callable[[Files, float], None], ...] = (_returner, _replanner, _switcher, _early, _devices)


@dataclass
class Fortnight:
    """What the star was like after each run, and in the end after the rebuild."""

    platform: Platform
    checksums: dict[object, dict] = field(default_factory=dict)
    early_keys: dict[object, tuple] = field(default_factory=dict)
    switched: dict[object, list] = field(default_factory=dict)

    def keep(self, state: object) -> None:
        self.checksums[state] = trusted_checksums(self.platform)
        query = "select user_key, content_key from trusted.fct_viewing_sessions where session_id = 'X_early'"
        self.early_keys[state] = self.query(query)[0]
        self.switched[state] = self.plan_of("X_rekeyed")

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        return self.platform.query("bi_reader", sql, *parameters)

    def plan_of(self, session_id: str) -> list[tuple]:
        """Return plan, and whether it is the current version, of the session's user."""
        return self.query(
            "select subscription_type, is_current from trusted.fct_viewing_sessions"
            " join trusted.dim_users using (user_key) where session_id = %s",
            session_id,
        )


@pytest.fixture(scope="module")
def fortnight(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Fortnight:
    kept, target = Fortnight(warehouse), tmp_path_factory.mktemp("dbt")
    for place, number in enumerate(RUNS):
        folder = tmp_path_factory.mktemp("files")
        write_files(folder, as_of=_day(number), seed=7, size=SIZE, defects=DEFECTS)
        for edit in STORY:
            edit(Files(folder), number)
        load_everything(warehouse, folder, Batch(f"run {place}", _day(number)), dataset="generated")
        options = ROWS_ONLY if number == LAST else MEMORY_ONLY if number in UNSEEN else MODELS_ONLY
        dbt_build(warehouse, target, *options)
        kept.keep("old day" if place and number == 3 and 8 in RUNS[:place] else number)
    dbt_build(warehouse, target, "--full-refresh", *MODELS_ONLY)
    kept.keep("rebuilt")
    return kept


def test_fourteen_incremental_days_equal_one_rebuild(fortnight):
    built = fortnight.checksums[LAST]
    assert len(built) >= 11
    # No device told of anything.
    assert min(rows for table, (rows, _) in built.items() if "stream" not in table) > 1
    assert fortnight.checksums["rebuilt"] == built


def test_every_day_changes_the_star(fortnight):
    facts = [fortnight.checksums[number]["fct_viewing_sessions"] for number in range(LAST + 1)]
    assert len(set(facts)) == LAST + 1


def test_broken_rows_are_kept_apart_and_the_star_goes_on_without_them(fortnight):
    (broken,) = fortnight.platform.query("elt_loader", "select count(*) from quarantine.rejected_rows")[0]
    assert broken > 1_000


def test_a_day_that_runs_twice_changes_nothing(fortnight):
    assert fortnight.checksums[7.5] == fortnight.checksums[7]


def test_an_old_day_that_runs_again_changes_nothing(fortnight):
    assert fortnight.checksums["old day"] == fortnight.checksums[8]


def test_a_user_who_left_and_came_back_has_a_gap_and_keeps_all_sessions(fortnight):
    versions = fortnight.query(
        "select valid_from, valid_to from trusted.dim_users where user_id = %s order by valid_from", RETURNER
    )
    assert [version[1] for version in versions] == [_day(2), date(9999, 12, 31)]
    assert versions[1][0] == _day(5)
    assert [current for _, current in fortnight.plan_of("X_between")] == [False]
    assert [current for _, current in fortnight.plan_of("X_after_return")] == [True]


def test_of_two_plans_on_one_day_the_last_one_stays_and_late_sessions_find_the_old_one(fortnight):
    plans = fortnight.query(
        "select subscription_type, valid_from from trusted.dim_users where user_id = %s order by valid_from",
        REPLANNER,
    )
    assert [plan for plan, _ in plans] == ["Basic", "Family"]
    assert plans[1][1] == _day(4)
    assert fortnight.plan_of("X_late") == [("Basic", False)]
    assert fortnight.plan_of("X_new_plan") == [("Family", True)]


def test_a_session_moves_to_the_version_that_opens_after_it_was_loaded(fortnight):
    ((before, _),) = fortnight.switched[4]
    assert before != "Family"
    assert fortnight.switched[4.5] == [("Family", True)]


def test_early_sessions_keep_their_keys_when_user_and_title_arrive(fortnight):
    assert len(fortnight.early_keys) == len(RUNS) + 1
    assert len(set(fortnight.early_keys.values())) == 1
    query = (
        "select users.is_inferred, content.is_inferred from trusted.fct_viewing_sessions"
        " join trusted.dim_users as users using (user_key) join trusted.dim_content as content"
        " using (content_key) where session_id = %s"
    )
    assert fortnight.query(query, "X_early") == [(False, False)]
    assert fortnight.query(query, "X_orphan") == [(True, True)]


def test_devices_come_and_go_with_their_sessions_and_the_first_of_a_repeated_id_counts(fortnight):
    devices = {row[0] for row in fortnight.query("select device_type from trusted.dim_devices")}
    assert devices >= {"Glasses", "Tablet"}
    assert not devices & {"Fridge", "Second"}
