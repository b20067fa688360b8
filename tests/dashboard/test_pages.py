"""What pages say: titles, takeaways, freshness, and a sentence for all that can be wrong."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.app import create_app
from dashboard.pages import PAGES
from dashboard.publications import Publications, State
from dashboard.warehouse import Warehouse
from include.metrics.periods import first_day
from include.why.compared import Period
from include.why.explain import explain
from include.why.words import sentence
from tests.conftest import new_platform
from tests.dashboard.conftest import settings_of

TITLE = re.compile(
    r'<h2 id="\w+-title">(.+?)</h2>\s*<p class="subtitle">(.+?)</p>\s*<p class="takeaway">(.+?)</p>'
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_chart_says_measure_population_period_unit_and_what_is_to_be_seen(client, page):
    found = TITLE.findall(client.get(f"/{page.name}?plan=Premium").text)
    assert len(found) == len(page.charts)
    for title, subtitle, takeaway in found:
        assert " by " in title or " against " in title
        population, period, unit = subtitle.split(" · ")
        assert population == "Premium" or population.startswith("all ")
        assert re.fullmatch(r"\d+ \w{3} \d{4} to \d+ \w{3} \d{4}|all time", period)
        assert unit
        assert takeaway.endswith(".")


def test_freshness_is_what_the_star_says(client, demo_star):
    (version, complete), *_ = demo_star.query(
        "bi_reader", "select version, complete_through from trusted.data_freshness"
    )
    page = client.get("/usage").text
    assert f"Publication <b>{version}</b>" in page
    assert f"Complete through <b>{complete or 'unknown'}</b>" in page
    assert "Rejected rows <b>0</b>" in page


def test_why_is_the_answer_of_make_why(client, demo_star, definitions):
    period = Period("week", first_day("week", "2024-08-19"))
    with demo_star.connect("bi_reader") as connection, connection.cursor() as cursor:
        expected = explain(cursor, definitions, "watch_hours", period)
    page = client.get("/why/watch_hours?week=2024-08-19&by=device").text
    assert sentence(expected) in page
    assert page.count('<th scope="row">') >= 5
    # What the star is built from is told as well.
    assert "version 1 of the star was published" in client.get("/why/watch_hours?day_of=2024-09-01").text


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("/usage?contry=Spain", 400, "There is no field &#39;contry&#39; to filter by"),
        ("/usage?from=2024-02-30", 400, "is no day"),
        ("/usage?from=2024-09-01&to=2024-08-01", 400, "The first day, 2024-09-01, is after the last one"),
        ("/usage?from=0002-01-01&to=9998-12-31", 400, "Days are those of the years 1900 to 2199"),
        ("/usage?month=2024-13", 400, "is no month"),
        ("/why/watch_ours", 400, "There is no metric &#39;watch_ours&#39;"),
        ("/why/p90_session_minutes", 400, "cannot be explained by parts"),
        ("/nothing", 404, "There is no page /nothing"),
        ("/usage/nothing.csv", 404, "There is no page"),
        ("/usage?country=Atlantis", 200, "There are no numbers for these days and filters."),
        ("/sessions?country=Atlantis", 200, "0 sessions"),
        ("/sessions?page=-7", 200, "Page 1 of"),
        (f"/sessions?page={'9' * 5000}", 200, "Page 1 of"),
        ("/usage?country=%3Cscript%3Ealert(1)%3C/script%3E", 200, "&lt;script&gt;alert(1)"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_gets_a_sentence(client, address, code, words):
    answer = client.get(address)
    assert answer.status_code == code
    assert words in answer.text
    assert "<script>alert" not in answer.text


def test_warehouse_without_a_star_is_told(servers, definitions):
    platform = new_platform(servers)
    publications = Publications(Warehouse(settings_of(platform)), definitions)
    page = create_app(publications).test_client()
    assert "The star is being copied" in page.get("/users").text
    publications.refresh()
    answer = page.get("/users")
    assert answer.status_code == 503
    assert "Nothing is published yet" in answer.text
    platform.close()


def test_warehouse_that_is_away_is_told_and_the_copy_is_shown_on(demo_star, publications, definitions):
    settings = settings_of(demo_star)
    nowhere = replace(settings, warehouse={**settings.warehouse, "port": "1"})
    away = Publications(Warehouse(nowhere), definitions)
    away.refresh()
    assert "does not answer" in create_app(away).test_client().get("/users").text
    away.state = publications.state
    away.refresh()
    page = create_app(away).test_client().get("/users").text
    assert "does not answer" in page
    assert "These numbers are of publication 1" in page
    assert 'data-metric="active_users"' in page


def test_wrong_password_is_told_without_it(demo_star, definitions):
    settings = settings_of(demo_star)
    wrong = replace(settings, warehouse={**settings.warehouse, "password": "s3cret-and-wrong"})
    refused = Publications(Warehouse(wrong), definitions)
    refused.refresh()
    page = create_app(refused).test_client().get("/users").text
    assert "refuses bi_reader" in page or "does not answer" in page
    assert "s3cret" not in page


def test_old_numbers_are_told(demo_star, publications):
    old = replace(
        publications.state.health, last_loaded_at=datetime.now(UTC).replace(tzinfo=None) - timedelta(days=3)
    )
    stale = Publications(Warehouse(settings_of(demo_star)))
    stale.state = replace(publications.state, health=old)
    assert "The last load was 3 days ago" in create_app(stale).test_client().get("/users").text
    assert "The last load was" not in create_app(publications).test_client().get("/users").text


def test_version_that_is_not_newer_is_not_copied_again(publications):
    before: State = publications.state
    publications.refresh()
    assert publications.state is before


def test_answers_carry_what_keeps_others_out(client):
    headers = client.get("/users").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
