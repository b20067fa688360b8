"""The pages as files: whole, small, without a link that leads nowhere; nothing else is replaced."""

import json
import re
from pathlib import Path

import pytest

from dashboard.export import MARK, export
from dashboard.warehouse import Warehouse
from include.errors import InputError
from tests.dashboard.conftest import settings_of

MOST_BYTES = 5_000_000


@pytest.fixture(scope="module")
def folder(demo_star, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "export"
    export(Warehouse(settings_of(demo_star)), folder)
    return folder


def test_export_is_small_and_says_what_it_is_of(folder, demo_star):
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < MOST_BYTES
    (version,) = demo_star.query("bi_reader", "select version from trusted.data_freshness")[0]
    assert json.loads((folder / MARK).read_text())["version"] == version


def test_every_link_leads_to_a_file_of_the_folder(folder):
    pages = list(folder.glob("*.html"))
    assert len(pages) >= 3 * 4 + 5
    for page in pages:
        for address in re.findall(r'(?:href|src)="([^"#]+)"', page.read_text()):
            if not address.startswith("data:"):
                assert (folder / address).is_file(), (page.name, address)


def test_its_numbers_are_those_of_the_pages(folder, client):
    value = re.compile(r'<p class="value">(.*?)</p>')
    for file, address in (("index.html", "/users"), ("usage.html", "/usage"), ("content.html", "/content")):
        assert value.findall((folder / file).read_text()) == value.findall(client.get(address).text)


def test_an_export_is_replaced_and_another_folder_is_not(folder, demo_star, tmp_path):
    (folder / "left-over.html").touch()
    export(Warehouse(settings_of(demo_star)), folder)
    assert not (folder / "left-over.html").exists()
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        export(Warehouse(settings_of(demo_star)), tmp_path)
    assert (tmp_path / "diary.txt").read_text() == "mine"
