"""Which batch a run is: its id, and the business day that it brings."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from include.errors import InputError
from include.run import KNOWN, OWN_FILES, Batch, Run, refuse_unknown_settings, refuse_wrong_run
from include.settings import Limits, Settings, read_settings


def context(as_of: str | None = None, logical_date: datetime | None = None) -> dict:
    return {
        "run_id": "manual__1",
        "params": {"as_of": as_of, "data_dir": ""},
        "logical_date": logical_date,
        "dag_run": SimpleNamespace(run_after=datetime(2024, 9, 5, 23, 59, tzinfo=UTC)),
    }


def run_of(given: dict, settings: Settings | None = None) -> Run:
    return Run.from_context(given, settings or read_settings({}))


def batch_of(given: dict) -> Batch:
    return run_of(given).batch


def test_parameter_decides_before_everything_else() -> None:
    given = context("2024-09-02", datetime(2024, 9, 3, tzinfo=UTC))
    assert batch_of(given) == Batch("manual__1", date(2024, 9, 2))


@pytest.mark.parametrize("empty", [None, ""])
def test_scheduled_run_brings_its_logical_date(empty: str | None) -> None:
    assert batch_of(context(empty, datetime(2024, 9, 3, tzinfo=UTC))).as_of == date(2024, 9, 3)


def test_triggered_run_without_a_logical_date_brings_its_own_day() -> None:
    assert batch_of(context()).as_of == date(2024, 9, 5)
    without_key = context()
    del without_key["logical_date"]
    assert batch_of(without_key).as_of == date(2024, 9, 5)


def test_day_is_that_of_the_date_as_it_is_given() -> None:
    west = timezone(timedelta(hours=-5))
    assert batch_of(context(None, datetime(2024, 9, 3, 23, 0, tzinfo=west))).as_of == date(2024, 9, 3)


def test_missing_parameter_is_like_an_empty_one() -> None:
    given = context()
    given["params"] = {}
    assert batch_of(given).as_of == date(2024, 9, 5)


def test_run_without_files_of_its_own_seeds_nothing() -> None:
    assert run_of(context()).folder == ""
    assert run_of(context()).dataset == OWN_FILES


def test_files_of_the_first_task_reach_the_run() -> None:
    run = Run.from_context(context(), read_settings({}), {"folder": "/data/1", "dataset": "generated"})
    assert (run.folder, run.dataset) == ("/data/1", "generated")


@pytest.mark.parametrize("as_of", ["tomorrow", "2024-02-30", "02.09.2024", "2024-09-02T10:00:00", 20240902])
def test_day_that_is_no_date_is_an_input_error(as_of: str) -> None:
    with pytest.raises(InputError, match="is not a date") as caught:
        batch_of(context(as_of))
    assert repr(as_of) in str(caught.value)


@pytest.mark.parametrize("as_of", ["1999-01-01", "9999-12-31"])
def test_day_out_of_range_is_refused_before_a_task_writes(as_of: str) -> None:
    said = f"^as_of must be a day from 2022-09-01 to 2100-12-31, as 2024-09-02; it is {as_of}$"
    with pytest.raises(InputError, match=said):
        refuse_wrong_run(context(as_of), read_settings({}))


def test_day_of_files_or_systems_of_ones_own_may_be_older() -> None:
    given = context("1999-01-01")
    assert run_of(given, read_settings({"SOURCES": "existing"})).batch.as_of == date(1999, 1, 1)
    given["params"]["data_dir"] = "/files"
    assert batch_of(given).as_of == date(1999, 1, 1)


@pytest.mark.parametrize(
    ("params", "share"),
    [
        ({}, 0.4),
        ({"allow_mass_deletion": None, "data_dir": None}, 0.4),
        ({"allow_mass_deletion": False}, 0.4),
        ({"allow_mass_deletion": True}, 1),
        ({"data_dir": "/files"}, 1),
    ],
)
def test_run_may_allow_a_mass_deletion_and_nothing_else(params: dict[str, object], share: float) -> None:
    given = context()
    given["params"].update(params)
    settings = read_settings({"MAX_DELETED_SHARE": "0.4", "MAX_REJECTED_SHARE": "0.3"})
    assert run_of(given, settings).limits == Limits(deleted_share=share, rejected_share=0.3)


@pytest.mark.parametrize("name", ["AS_OF", "as-of", " as_of", "as_of ", "As_Of", "datadir", "full_refresh"])
def test_setting_that_nobody_reads_is_refused_with_those_that_are_known(name: str) -> None:
    given = context()
    given["params"][name] = "2024-09-02"
    said = f"{name!r}, which nobody reads; known are {', '.join(KNOWN)}. Nothing was done"
    with pytest.raises(InputError, match=re.escape(said)):
        refuse_unknown_settings(given)


def test_setting_in_the_configuration_alone_is_refused_too() -> None:
    given = context()
    given["dag_run"].conf = {"AS_OF": "2024-09-02"}
    with pytest.raises(InputError, match="'AS_OF', which nobody reads"):
        refuse_unknown_settings(given)


def test_known_settings_pass() -> None:
    given = context("2024-09-02")
    given["dag_run"].conf = dict.fromkeys(KNOWN)
    refuse_unknown_settings(given)
    given["dag_run"].conf = None
    refuse_unknown_settings(given)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            {"mode": "full_refresh"},
            "mode must be one of 'incremental', 'full refresh'; it is 'full_refresh'",
        ),
        (
            {"tables": ["film"]},
            "tables must be a list of names from users, viewing_sessions, content; it is ['film']",
        ),
        ({"quality_gate": "no"}, "quality_gate must be one of 'ask', 'stop', 'warn'; it is 'no'"),
        ({"publish": True}, "publish must be one of 'yes', 'ask', 'no'; it is True"),
        ({"users": 0}, "users must be a whole number from 1 to 1000000; it is 0"),
        ({"data_dir": 7}, "data_dir must be a folder's path; it is 7"),
        ({"allow_mass_deletion": "false"}, "allow_mass_deletion must be true or false; it is 'false'"),
    ],
)
def test_value_that_cannot_be_meant_is_refused_before_a_task_writes(params: dict, said: str) -> None:
    given = context()
    given["params"].update(params)
    with pytest.raises(InputError, match=f"^{re.escape(said)}. Nothing was done. Trigger again$"):
        refuse_wrong_run(given, read_settings({}))


def test_sizes_are_refused_where_nothing_is_generated() -> None:
    given = context()
    given["params"].update({"users": 10, "seed": 1})
    assert run_of(given)
    with pytest.raises(InputError, match=r"^users, seed: of data that are generated, but SOURCES=existing"):
        run_of(given, read_settings({"SOURCES": "existing"}))
    given["params"]["data_dir"] = "/files"
    with pytest.raises(InputError, match=r"^users, seed: of data that are generated, but data_dir names"):
        run_of(given)


def test_folder_of_blanks_is_none_and_allows_nothing() -> None:
    given = context()
    given["params"]["data_dir"] = "  "
    assert run_of(given).limits == run_of(context()).limits
