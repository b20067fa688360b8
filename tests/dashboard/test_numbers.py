"""Each number of the pages is what include.metrics answers on PostgreSQL, as bi_reader."""

import csv
import html
import io
import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from psycopg2.extensions import cursor as Cursor

from dashboard.pages import BY_NAME, PAGES
from dashboard.publications import Publications
from dashboard.views import MOST_ROWS
from include.metrics import Condition, Question, ask
from include.metrics.formats import shown
from tests.conftest import Platform

FIRST, LAST = "2024-06-10", "2024-09-01"
DAYS = (Condition("day", ">=", (FIRST,)), Condition("day", "<=", (LAST,)))
CARD = re.compile(r'data-metric="(\w+)".*?<p class="value">(.*?)</p>', re.DOTALL)
FILTERS = {
    "nothing": {},
    "a country": {"country": ["Spain"]},
    "two plans": {"plan": ["Basic", "Premium"]},
    "a device": {"device": ["Mobile"]},
    "movies": {"content_type": ["movie"]},
    "all at once": {
        "country": ["United States"],
        "plan": ["Premium"],
        "device": ["Smart TV"],
        "content_type": ["movie"],
    },
}


@pytest.fixture
def reader(demo_star: Platform) -> Iterator[Cursor]:
    connection = demo_star.connect("bi_reader")
    with connection.cursor() as cursor:
        yield cursor
    connection.close()


def cards(client: FlaskClient, page: str, **arguments: object) -> dict[str, str]:
    response = client.get(f"/{page}", query_string={"from": FIRST, "to": LAST, **arguments})
    assert response.status_code == 200
    return dict(CARD.findall(response.text))


@pytest.mark.parametrize("chosen", FILTERS.values(), ids=FILTERS)
def test_cards_are_the_metrics_under_each_filter(client, reader, definitions, chosen):
    where = DAYS + tuple(Condition(field, "=", tuple(values)) for field, values in chosen.items())
    names = ("sessions", "watch_hours", "active_users", "average_session_minutes", "p90_session_minutes")
    (expected,) = ask(reader, definitions, Question(names, where=where))
    found = cards(client, "usage", **chosen)
    for name in names:
        assert found[name] == shown(expected[name], definitions.metrics[name].meta["format"]), name


def test_a_genre_is_counted_by_the_twins_that_share_a_title(client, reader, definitions):
    where = (*DAYS, Condition("genre", "=", ("Drama",)))
    names = ("genre_sessions", "genre_watch_hours", "genre_active_users")
    (expected,) = ask(reader, definitions, Question(names, where=where))
    found = cards(client, "usage", genre="Drama")
    assert {name: found[name] for name in names} == {
        name: shown(expected[name], definitions.metrics[name].meta["format"]) for name in names
    }
    # It has no twin, and says so.
    assert "p90_session_minutes" in found
    page = client.get("/usage", query_string={"genre": "Drama"}).text
    assert "not filtered by genre" in page


def test_a_number_of_a_month_is_that_of_the_last_whole_one(client, reader, definitions):
    month = Condition("month", "=", ("2024-08",))
    (expected,) = ask(reader, definitions, Question(("subscribers",), where=(month,)))
    assert cards(client, "users")["subscribers"] == shown(expected["subscribers"], "#,##0")


def test_change_is_that_against_as_many_days_before(client, reader, definitions):
    before = (Condition("day", ">=", ("2024-03-18",)), Condition("day", "<=", ("2024-06-09",)))
    now, then = (
        ask(reader, definitions, Question(("sessions",), where=where))[0]["sessions"]
        for where in (DAYS, before)
    )
    page = client.get("/usage", query_string={"from": FIRST, "to": LAST}).text
    assert f"{now / then - 1:+.1%}" in page
    assert f"from {then:,}" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_csv_of_each_chart_is_its_table(client, page):
    text = client.get(f"/{page.name}").text
    for chart in BY_NAME[page.name].charts:
        answer = client.get(f"/{page.name}/{chart.name}.csv")
        assert answer.status_code == 200
        header, *rows = csv.reader(io.StringIO(answer.text))
        assert all(len(row) == len(header) for row in rows)
        panel = text.split(f'<figure class="panel" id="{chart.name}"')[1].split("</figure>")[0]
        assert panel.count('scope="row"') == min(len(rows), MOST_ROWS)


def test_bars_add_up_to_the_card(client, reader, definitions):
    """Sessions by length are all sessions, also those of titles and users that nobody knows."""
    rows = list(csv.reader(io.StringIO(client.get("/usage/lengths.csv").text)))[1:]
    total = sum(int(row[1].replace(",", "")) for row in rows)
    assert f"{total:,}" == cards(client, "usage")["sessions"]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"device": "Mobile"}, {"genre": ["Drama", "Comedy"]}, {"weekday": "Saturday", "month": "2024-08"}],
    ids=str,
)
def test_sessions_behind_a_number_are_as_many(client, reader, definitions, arguments):
    dates = {"from": FIRST, "to": LAST}
    text = client.get("/sessions", query_string={**dates, **arguments}).text
    count = int(re.search(r'class="takeaway">([\d,]+) session', text)[1].replace(",", ""))
    lines = client.get("/sessions.csv", query_string={**dates, **arguments}).text.splitlines()
    assert len(lines) == count + 1
    assert len(set(lines)) == len(lines)
    if "genre" not in arguments:
        where = DAYS + tuple(Condition(field, "=", (value,)) for field, value in arguments.items())
        assert ask(reader, definitions, Question(("sessions",), where=where)) == [{"sessions": count}]
    page = client.get("/sessions", query_string={**dates, **arguments, "page": 2}).text
    assert page.count("<tr>") == 1 + min(50, max(0, count - 50))


LINK = re.compile(
    r'<th scope="row"><a href="(/sessions[^"]+)">.*?<td class="number">([\d,]+)</td>', re.DOTALL
)


@pytest.mark.parametrize("chart", ["weekdays", "devices", "lengths"])
@pytest.mark.parametrize("device", [None, "Mobile"])
def test_each_row_leads_to_as_many_sessions_as_it_says(client, chart, device):
    """Also of months of which the selection has some days only."""
    dates = {"from": "2024-06-12", "to": "2024-09-01"} | ({"device": device} if device else {})
    text = client.get("/usage", query_string=dates).text
    rows = LINK.findall(text.split(f'<figure class="panel" id="{chart}"')[1].split("</figure>")[0])
    assert rows
    for address, count in rows:
        page = client.get(html.unescape(address)).text
        assert re.search(r'class="takeaway">([\d,]+) session', page)[1] == count, address


def test_lists_of_sessions_are_not_kept(client, publications):
    before = len(publications.state.star._kept)
    client.get(
        "/sessions.csv", query_string={"from": FIRST, "to": LAST, "country": "Chile", "genre": "Drama"}
    )
    assert len(publications.state.star._kept) == before


def test_all_of_the_star_is_copied(publications: Publications, demo_star: Platform):
    """A table has the same rows there, also with quotes, lines and empty texts in it."""
    cursor = publications.state.star.cursor()
    tables = demo_star.query(
        "bi_reader",
        "select table_name from information_schema.tables"
        " where table_schema = 'trusted' and table_type = 'BASE TABLE'"
        " and not starts_with(table_name, 'tot_')",
    )
    assert len(tables) >= 20
    for (table,) in tables:
        cursor.execute(f"select * from trusted.{table}")
        copied = sorted(map(repr, cursor.fetchall()))
        assert copied == sorted(map(repr, demo_star.query("bi_reader", f"select * from trusted.{table}"))), (
            table
        )
