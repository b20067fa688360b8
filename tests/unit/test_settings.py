"""The settings of a run: defaults, what is read, and what is told about a value that is no number."""

from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest

from include.environment import ROOT, read_env
from include.errors import InputError
from include.settings import Limits, StreamLimits, read_settings


def test_nothing_set_gives_the_defaults() -> None:
    settings = read_settings({})
    assert (settings.seed, settings.users, settings.titles, settings.sessions) == (42, 5_000, 300, 200_000)
    assert settings.defects == 0
    assert settings.limits == Limits(deleted_share=0.5, rejected_share=0.2)
    assert (settings.data_root, settings.dbt_target) == (ROOT / "data", ROOT / "dbt" / "target")


def test_empty_values_give_the_defaults() -> None:
    names = ("GENERATE_SEED", "GENERATE_USERS", "GENERATE_DEFECTS", "DATA_ROOT", "DBT_TARGET_PATH")
    assert read_settings(dict.fromkeys(names, "")) == read_settings({})


def test_defaults_are_those_of_the_example() -> None:
    assert read_settings(read_env(ROOT / ".env.example")) == read_settings({})


def test_everything_can_be_set() -> None:
    settings = read_settings(
        {
            "GENERATE_SEED": "7",
            "GENERATE_USERS": "12",
            "GENERATE_TITLES": "3",
            "GENERATE_SESSIONS": "40",
            "GENERATE_DEFECTS": "0.25",
            "MAX_DELETED_SHARE": "1",
            "MAX_REJECTED_SHARE": "0",
            "STREAM_MAX_LAG": "7",
            "STREAM_MAX_DELAY_SECONDS": "660",
            "DATA_ROOT": "files",
            "DBT_TARGET_PATH": "target",
        }
    )
    assert (settings.seed, settings.users, settings.titles, settings.sessions) == (7, 12, 3, 40)
    assert settings.defects == 0.25
    assert settings.limits == Limits(deleted_share=1, rejected_share=0)
    assert settings.stream == StreamLimits(lag=7, delay=timedelta(minutes=11))
    assert settings.stream.unread == timedelta(minutes=1)
    assert (settings.data_root, settings.dbt_target) == (Path("files"), Path("target"))


def test_large_seed_is_not_rounded() -> None:
    assert read_settings({"GENERATE_SEED": str(2**60 + 1)}).seed == 2**60 + 1


@pytest.mark.parametrize("name", ["GENERATE_SEED", "GENERATE_USERS", "GENERATE_TITLES", "GENERATE_SESSIONS"])
@pytest.mark.parametrize("value", ["many", "5,000", "12.5", "nan", "inf", "1e3", "0x10"])
def test_count_that_is_no_whole_number_names_variable_and_value(name: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        read_settings({name: value})
    assert str(caught.value) == f"{name}={value!r} is not a whole number. Mend it in .env and start again"


def test_share_that_is_no_number_names_variable_and_value() -> None:
    with pytest.raises(InputError, match=r"^GENERATE_DEFECTS='10%' is not a number\. Mend it in \.env"):
        read_settings({"GENERATE_DEFECTS": "10%"})


@pytest.mark.parametrize("name", ["MAX_DELETED_SHARE", "MAX_REJECTED_SHARE"])
@pytest.mark.parametrize("value", ["50", "-0.1", "nan", "1.01"])
def test_limit_that_is_no_share_would_stop_nothing_and_is_refused(name: str, value: str) -> None:
    with pytest.raises(InputError, match=rf"^{name}='{value}' is not between 0 and 1\. Mend it in \.env"):
        read_settings({name: value})


def test_data_set_is_named_for_everything_that_shapes_it() -> None:
    first = read_settings({})
    assert first.dataset == "generated seed=42 users=5000 titles=300 sessions=200000 defects=0.0"
    assert read_settings({"GENERATE_DEFECTS": "0", "DATA_ROOT": "elsewhere"}).dataset == first.dataset
    changed = {"SEED": "1", "USERS": "1", "TITLES": "1", "SESSIONS": "1", "DEFECTS": "1"}
    names = {read_settings({f"GENERATE_{name}": value}).dataset for name, value in changed.items()}
    assert len(names | {first.dataset}) == 6


def test_settings_do_not_change_during_a_run() -> None:
    with pytest.raises(FrozenInstanceError):
        read_settings({}).users = 1
