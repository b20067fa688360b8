"""The live page: who watches now, from the warehouse as it is at this moment."""

import json
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from dashboard.app import create_app
from dashboard.publications import Publications
from dashboard.warehouse import Warehouse
from tests.conftest import Platform
from tests.dashboard.conftest import settings_of

SPEC = re.compile(r'<script type="application/json">(.*?)</script>', re.DOTALL)
CARD = re.compile(r'data-live="(\w+)".*?<p class="value">(.*?)</p>', re.DOTALL)
# Windows until 12:05 to 12:14; devices were heard of at 12:12:30: the last two are not whole.
WINDOWS = """
insert into ops.viewing_windows (window_start, viewers, minutes, quality_drops, rebuffers, rebuffer_seconds)
select
    timestamptz '2024-09-01 12:00:00+00' + number * interval '1 minute', 1000 + number, 4000 + 5 * number,
    number, 2 * number, 3.5
from generate_series(0, 9) as number
"""
READ = """
insert into ops.kafka_partitions (topic, partition, next_offset, end_offset, newest_event_time)
values
    ('playback-events', 0, 100, 107, '2024-09-01 12:12:30+00'),
    ('playback-events', 1, 100, 100, '2024-09-01 12:10:00+00')
"""


@pytest.fixture
def events(demo_star: Platform) -> Iterator[Platform]:
    """Devices that have reported for some minutes."""
    for statement in (WINDOWS, READ):
        demo_star.query("elt_loader", statement)
    yield demo_star
    for table in ("ops.viewing_windows", "ops.kafka_partitions"):
        demo_star.query("elt_loader", f"delete from {table}")


def client_of(publications: Publications) -> FlaskClient:
    return create_app(publications).test_client()


def test_without_events_there_is_no_live_page_and_no_link(publications):
    client = client_of(publications)
    assert 'href="/live"' not in client.get("/users").text
    answer = client.get("/live")
    assert (answer.status_code, "`make live` plays some" in answer.text) == (404, True)


def test_the_newest_whole_window_is_shown_with_the_hours_range(events, definitions):
    publications = Publications(Warehouse(settings_of(events)), definitions)
    publications.refresh()
    client = client_of(publications)
    assert 'href="/live"' in client.get("/users").text
    page = client.get("/live").text
    cards = dict(CARD.findall(page))
    assert cards["average_streams"] == "807.0"
    assert cards["viewers"] == "1,007"
    assert cards["rebuffers_per_hour"] == f"{60 * 14 / 4035:.2f}"
    assert "range: 800.0 to 807.0" in page
    assert "Five minutes until 12:12 UTC" in page
    assert "complete through 12:02:30 UTC" in page
    assert "7 messages wait" in page
    specs = [json.loads(spec) for spec in SPEC.findall(page)]
    values = [[point["value"] for point in spec["data"]["values"]] for spec in specs]
    assert values[0] == [800.0 + number for number in range(8)]
    assert len(values) == 3


def test_what_comes_is_on_the_page_at_the_next_look(events, definitions):
    publications = Publications(Warehouse(settings_of(events)), definitions)
    publications.refresh()
    client = client_of(publications)
    assert dict(CARD.findall(client.get("/live").text))["viewers"] == "1,007"
    events.query("elt_loader", "update ops.viewing_windows set viewers = 2 * viewers")
    assert dict(CARD.findall(client.get("/live").text))["viewers"] == "2,014"


def test_a_warehouse_that_is_away_is_said(demo_star, definitions):
    settings = settings_of(demo_star)
    away = Warehouse(type(settings)({**settings.warehouse, "port": "1"}, settings.host, settings.port))
    answer = client_of(Publications(away, definitions)).get("/live")
    assert (answer.status_code, "does not answer" in answer.text) == (503, True)
