"""The daily report on the demo's star: its numbers are those of SQL, and every text of others is escaped."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from psycopg2.extensions import cursor as Cursor

from include.environment import ROOT
from include.errors import InputError
from include.metrics import Definitions
from include.ops.load_runs import Load
from include.ops.publications import Contents, record_publication
from include.ops.quarantine import store_rejected
from include.report.facts import NO_WEEK, Numbers, numbers_of, recorded_of
from include.report.kpis import KPIS
from include.report.page import page
from include.rules.reasons import problem
from include.rules.rejected import Rejected
from include.run import Batch
from include.why.compared import Period
from include.why.explain import explain
from include.why.words import sentence
from tests.conftest import Platform

DAY, FIRST, LATER = date(2024, 9, 1), date(2022, 9, 1), date(2024, 10, 1)
OF_A_DAY = """
select count(*), sum(watch_duration_minutes) / 60.0, count(distinct user_key),
    count(*) filter (where is_completed),
    count(*) filter (where is_completed)::float / count(*)
from trusted.fct_viewing_sessions where watch_date = %s
"""
HOSTILE = "<script>alert('1')</script>"


@pytest.fixture
def cursor(demo_star: Platform) -> Iterator[Cursor]:
    """A transaction of the administrator that leaves nothing behind."""
    connection = demo_star.connect("admin")
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()
    connection.close()


@pytest.fixture
def numbers(demo: Cursor, definitions: Definitions) -> Numbers:
    """What bi_reader finds of the day."""
    return numbers_of(demo, definitions, DAY)


def _publish(cursor: Cursor, day: date, batch_id: str, version: int = 7) -> None:
    marker = {"version": version, "batch_id": batch_id, "invocation_id": batch_id, "as_of": f"{day}"}
    contents = Contents({"dim_users": 3, "tot_x": 1}, {})
    record_publication(cursor, "publish", marker, contents, started=time.time())


def _texts(html: str) -> str:
    """Return what people read of the page."""
    body = html[html.index("<body>") :]
    return " ".join(unescape(re.sub("<[^>]+>", " ", body)).split())


def test_kpis_are_those_of_sql_with_the_day_and_the_week_before(numbers, demo):
    found = {one.metric.name: one for one in numbers.kpis}
    assert tuple(found) == KPIS
    names = ("sessions", "watch_hours", "active_users", "completed_sessions", "completion_rate")
    for place, days in {"value": 0, "day_before": 1, "week_before": 7}.items():
        demo.execute(OF_A_DAY, (DAY - timedelta(days=days),))
        for name, expected in zip(names, demo.fetchone(), strict=True):
            assert getattr(found[name], place) == pytest.approx(float(expected)), (name, place)


def test_page_shows_them_and_why_the_largest_move_happened(numbers, demo, cursor, definitions):
    shown = _texts(page(DAY, numbers, recorded_of(cursor, DAY)))
    assert "KPIs of Sunday, 2024-09-01" in shown
    for kpi in numbers.kpis:
        assert kpi.metric.label in shown
    sessions = numbers.kpis[2]
    assert f"{sessions.value:,.0f}" in shown
    assert (
        f"{sessions.value / sessions.week_before - 1:+.1%} from {sessions.week_before:,.0f} a week" in shown
    )
    moved = max(numbers.kpis, key=lambda one: abs(one.value / one.week_before - 1))
    explanation = explain(demo, definitions, moved.metric.name, Period("day", DAY))
    assert f"Moved most: {moved.metric.label} {sentence(explanation)}" in shown


def test_rejects_are_counted_by_rule_and_no_value_is_shown(numbers, cursor):
    publication = recorded_of(cursor, DAY).publication
    batch = Batch(publication.batch_id, DAY)
    for place, column in (("line 2", "age"), ("line 9", "age"), ("line 4", HOSTILE)):
        broken = problem("too_long", 7, column=column, value="Ada Lovelace")
        rejected = Rejected(place, *broken, row="Ada Lovelace, and all else of Ada")
        load = Load("seed", "users", datetime(2024, 9, 1, tzinfo=UTC))
        store_rejected(cursor.connection, load, place, [rejected], batch)
    html = page(DAY, numbers, recorded_of(cursor, DAY))
    shown = _texts(html)
    assert "Rejected by the run: 3 rows" in shown
    assert "2 users age is longer than … bytes" in shown
    assert "Ada" not in html
    assert HOSTILE not in html
    assert HOSTILE in unescape(html)


def test_texts_of_other_people_are_escaped(numbers, cursor):
    recorded = recorded_of(cursor, DAY)
    event = replace(recorded.events[0], kind="drift", what=HOSTILE)
    recorded = replace(recorded, publication=replace(recorded.publication, batch_id=HOSTILE), events=[event])
    explanation = numbers.explanation
    name, parts = next(iter(explanation.parts.items()))
    explanation = replace(explanation, causes=(), parts={name: (replace(parts[0], member=HOSTILE),)})
    html = page(DAY, replace(numbers, explanation=explanation), recorded)
    assert "<script" not in html
    assert unescape(html).count(HOSTILE) == 3


def test_page_loads_nothing_from_elsewhere(numbers, cursor):
    html = page(DAY, numbers, recorded_of(cursor, DAY))
    assert not re.search(r"https?:|<script|<link|<img|src=|url\(|@import", html)
    assert "default-src 'none'" in html
    assert 'name="viewport"' in html


def test_newest_publication_of_the_day_is_told_and_a_newer_star_too(cursor, numbers):
    _publish(cursor, DAY, "again")
    assert recorded_of(cursor, DAY).publication.batch_id == "again"
    shown = _texts(page(DAY, numbers, recorded_of(cursor, DAY)))
    assert "Version 7 by run again" in shown
    assert "dim_users 3" in shown
    assert "tot_x" not in shown
    assert "which readers see now" not in shown
    _publish(cursor, LATER, "later", version=8)
    recorded = recorded_of(cursor, DAY)
    assert recorded.publication.batch_id == "again"
    assert "The numbers are those of publication 8 (business day 2024-10-01)" in _texts(
        page(DAY, numbers, recorded)
    )


@pytest.mark.parametrize(("day", "has_data"), [(LATER, False), (FIRST, True)])
def test_day_without_data_and_the_first_day_say_so(cursor, demo, definitions, day, has_data):
    _publish(cursor, day, "alone")
    numbers = numbers_of(demo, definitions, day)
    assert numbers.explanation is None
    shown = _texts(page(day, numbers, recorded_of(cursor, day)))
    assert NO_WEEK in shown
    assert shown.count("no number a week before") == len(KPIS)
    assert (numbers.kpis[2].value > 0) == has_data
    assert ("Completion rate none" in shown) != has_data


def test_day_without_sessions_after_one_with_some_says_so(cursor, demo, definitions):
    day = DAY + timedelta(days=7)
    _publish(cursor, day, "empty")
    numbers = numbers_of(demo, definitions, day)
    assert "fct_viewing_sessions has data from 2022-09-01 to 2024-09-01" in numbers.reason
    shown = _texts(page(day, numbers, recorded_of(cursor, day)))
    assert numbers.reason in shown
    assert "Sessions 0 no number the day before ▼ -100.0%" in shown


def test_without_a_day_it_is_that_which_readers_see(cursor):
    assert recorded_of(cursor, None).publication.as_of == DAY
    with pytest.raises(InputError, match="no report of 2024-03-05: no star was published of it"):
        recorded_of(cursor, date(2024, 3, 5))
    cursor.execute("delete from ops.publications")
    with pytest.raises(InputError, match="There is no report of a day"):
        recorded_of(cursor, None)


def test_colours_are_those_of_the_dashboard():
    """Colours of one theme have the same names and values in both style sheets."""
    ours = (ROOT / "include" / "report" / "report.css").read_text(encoding="utf-8")
    theirs = (ROOT / "dashboard" / "static" / "style.css").read_text(encoding="utf-8")
    colours = re.findall(r"--[a-z-]+: #[0-9a-f]{6}", ours)
    assert len(colours) == 20
    assert [one for one in colours if one not in theirs] == []
