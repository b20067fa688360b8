"""Rows of the runbook that end with another trigger: each failure is caused, and its row is followed.

Scenario: the tests follow one another on one Airflow. Those with files of somebody's own come last: such
files replace what was generated.
"""

from pathlib import Path

import pandas as pd
import pytest

from include.environment import ROOT
from include.generate import ANCHOR, Size, write_files
from include.runbook import RUNBOOK

DAY = "2024-09-01"
FEW = {"as_of": DAY, "sessions": 200}


def write(folder: Path, seed: int) -> Path:
    write_files(folder, as_of=ANCHOR, seed=seed, size=Size(users=60, titles=15, sessions=600))
    return folder


@pytest.fixture
def files(person) -> Path:
    return write(person.ui.project / "mine", 1)


@pytest.mark.runbook("InputError: The run's configuration has …")
def test_misspelt_name(person, entry):
    person.fails(entry, asof=DAY)
    assert "as_of" in entry.remedy
    person.triggers(as_of=DAY)


@pytest.mark.runbook("GuardError: …")
def test_mass_deletion(person, entry):
    person.fails(entry, **FEW)
    assert "trigger a run with `allow_mass_deletion`" in (ROOT / RUNBOOK).read_text()
    person.triggers(**FEW, allow_mass_deletion=True)


@pytest.mark.runbook("InputError: … line …")
def test_file_that_ends_in_the_middle_of_a_row(person, entry, files):
    whole = (files / "users.csv").read_bytes()
    (files / "users.csv").write_bytes(whole.rstrip() + b'\n"U9')
    person.fails(entry, data_dir=str(files))
    (files / "users.csv").write_bytes(whole)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: … rows read cannot be loaded")
def test_file_of_which_most_rows_are_wrong(person, entry, files):
    sessions = pd.read_csv(files / "viewing_sessions.csv")
    wrong = sessions["watch_duration_minutes"].where(sessions.index % 2 == 0, -1)
    sessions.assign(watch_duration_minutes=wrong).to_csv(files / "viewing_sessions.csv", index=False)
    person.fails(entry, data_dir=str(files))
    assert "watch_duration_minutes" in person.follows(entry, "make quarantine")
    sessions.to_csv(files / "viewing_sessions.csv", index=False)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: … of data that are generated, but …")
def test_size_of_what_is_not_generated(person, entry, files):
    person.fails(entry, data_dir=str(files), users=50)
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("InputError: …")
def test_folder_that_is_not_there(person, entry, files):
    person.fails(entry, data_dir=str(files / "nowhere"))
    person.triggers(data_dir=str(files))


@pytest.mark.runbook("DataQualityError: … (quality_gate is stop)")
def test_star_that_looks_unusual(person, entry, files):
    other = str(write(person.ui.project / "other", 2))
    person.fails(entry, data_dir=other, quality_gate="stop")
    assert "fct_viewing_sessions" in person.follows(entry, "make plan")
    assert "quality_gate=warn" in entry.remedy
    person.triggers(data_dir=other, quality_gate="warn")
