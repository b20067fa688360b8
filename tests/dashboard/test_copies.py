"""Where a copy of the star is: on the disk while it is written, and gone with the process that shows it."""

import tempfile
from pathlib import Path

import pytest

from dashboard import warehouse as module
from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.warehouse import Warehouse
from tests.dashboard.conftest import settings_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which copies are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_process_that_is_killed_leaves_no_copy_behind(demo_star, definitions, folder):
    publications = Publications(Warehouse(settings_of(demo_star)), definitions)
    publications.refresh()
    assert create_app(publications).test_client().get("/usage").status_code == 200
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_disk_without_room_is_said_and_tried_again(demo_star, definitions, folder, monkeypatch):
    # A folder that cannot be made stands for one that cannot be filled.
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "away"))
    publications = Publications(Warehouse(settings_of(demo_star)), definitions)
    publications.refresh()
    assert "The copy of the star cannot be written: [Errno 2] No such file" in publications.state.problem
    (folder / "away").mkdir()
    publications.refresh()
    assert publications.state.problem is None


def test_copy_that_duckdb_cannot_write_is_said(demo_star, definitions, folder, monkeypatch):
    def copy_star(connection, definitions, path):
        (path.parent / "no folder").touch()
        return copied(connection, definitions, path.parent / "no folder" / "star.duckdb")

    copied = module.copy_star
    monkeypatch.setattr(module, "copy_star", copy_star)
    publications = Publications(Warehouse(settings_of(demo_star)), definitions)
    publications.refresh()
    assert "The copy of the star cannot be written: IO Error" in publications.state.problem
    assert list(folder.iterdir()) == []
