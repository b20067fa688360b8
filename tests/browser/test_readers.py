"""Fifty readers while three stars are published: no error, no page with numbers of two, a word of it."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.browser.conftest import Open, served
from tests.conftest import Platform, new_platform
from tests.integration.publish.generated_days import Days

READERS = 50
VERSION = re.compile(r'data-version="(\d+)"')
NUMBERS = re.compile(r'data-metric="(\w+)".*?<p class="value">(.*?)</p>', re.DOTALL)
ADDRESSES = (
    "/usage?from=2024-06-01&to=2024-09-10",
    "/usage?from=2024-06-01&to=2024-09-10&device=Mobile",
    "/sessions?from=2024-06-01&to=2024-09-10",
)


class Reader(threading.Thread):
    """Opens pages in a loop; keeps which numbers each version had, and what went wrong."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self.url, self.number = url, number
        self.seen: set[tuple[str, str, tuple]] = set()
        self.problems: list[str] = []
        self.ends = threading.Event()

    def run(self) -> None:
        turn = self.number
        while not self.ends.is_set():
            turn += 1
            address = ADDRESSES[turn % len(ADDRESSES)]
            answer = requests.get(self.url + address, timeout=60)
            found = VERSION.search(answer.text)
            if answer.status_code != 200 or not found:
                self.problems.append(f"{answer.status_code} {answer.text[:300]}")
                return
            numbers = tuple(NUMBERS.findall(answer.text)) or tuple(
                re.findall(r"takeaway\">([\d,]+)", answer.text)
            )
            self.seen.add((found[1], address, numbers))


@pytest.fixture(scope="module")
def days(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    platform: Platform = new_platform(servers)
    days = Days(platform, tmp_path_factory.mktemp("days"))
    days.next_day(0)
    yield days
    platform.close()


def test_fifty_readers_see_whole_versions(days: Days, open_page: Open, tmp_path: Path):
    with served(days.platform.env, tmp_path) as url:
        page = open_page(f"{url}/usage")
        assert page.locator("#newer").is_hidden()
        readers = [Reader(url, number) for number in range(READERS)]
        for reader in readers:
            reader.start()
        for number in (1, 2, 3):
            days.next_day(number)
        page.locator("#newer").wait_for(state="visible", timeout=60_000)
        page.get_by_role("link", name="Show it").click()
        page.locator("body:not([data-version='1'])").wait_for()
        for reader in readers:
            reader.ends.set()
        for reader in readers:
            reader.join(timeout=60)
    assert [problem for reader in readers for problem in reader.problems] == []
    seen = set().union(*(reader.seen for reader in readers))
    versions = {version for version, *_ in seen}
    assert {"1", "4"} <= versions or len(versions) >= 3
    # Of one version and address there is one set of numbers: none was mixed.
    assert len({(version, address) for version, address, _ in seen}) == len(seen)
