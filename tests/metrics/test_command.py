"""`make metric` on a real star: the table that people read, and the sentences when there is none."""

import pytest

from cli import CommandError
from cli.metric import print_metric
from include.errors import MetricError
from tests.conftest import Platform


@pytest.fixture
def asked(small_star: Platform, capsys: pytest.CaptureFixture[str]):
    """Return a function that asks as `make metric` does and gives the lines that it prints."""

    def asked(metrics: str, by: str = "", where: str = "") -> list[str]:
        print_metric(small_star.connect("dbt_transformer"), metrics, by, where)
        return capsys.readouterr().out.splitlines()

    return asked


def test_the_answer_is_a_table_that_says_what_it_was_read_from(asked):
    header, *rows, blank, last = asked("sessions,completion_rate", "month,plan", "plan=Premium,Basic")
    assert header.split() == ["month", "plan", "Sessions", "Completion", "rate"]
    assert {row.split()[1] for row in rows} == {"Basic", "Premium"}
    assert rows[0].startswith("2022-")
    assert rows[0].endswith("%")
    assert blank == ""
    assert last == "From mart_monthly_viewing; version 1, as of 2024-09-01."


def test_without_metrics_all_are_listed(asked, definitions):
    header, *rows = asked("")
    assert header.split() == ["metric", "unit", "what", "it", "is"]
    assert [row.split()[0] for row in rows] == list(definitions.metrics)
    assert len({row.index(definitions.metrics[row.split()[0]].description) for row in rows}) == 1


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        ("country=Chili", "There is no country 'Chili': did you mean Chile"),
        ("is_weekend=maybe", "There is no is_weekend 'maybe'"),
        ("device!=Phone", "There is no device 'Phone'"),
        ("title=''; drop table trusted.dim_users", "There is no title"),
    ],
)
def test_a_value_that_nothing_has_is_refused(asked, where, sentence):
    with pytest.raises(MetricError) as refused:
        asked("sessions", "", where)
    assert sentence in str(refused.value)


def test_a_value_that_two_tables_have_is_proposed_once(asked):
    with pytest.raises(MetricError, match=r"'Premum': did you mean Premium\?$"):
        asked("sessions", "", "plan=Premum")


def test_a_text_that_is_not_utf8_is_refused_in_a_sentence(asked):
    with pytest.raises(CommandError, match="WHERE has a character that is not UTF-8: write it anew"):
        asked("sessions", "", "title>=\udcff")


def test_what_has_no_value_is_none_of_those_that_are_left_out(asked):
    years = {
        row.split()[0]: int(row.split()[-1].replace(",", ""))
        for row in asked("sessions", "release_year")[1:-2]
        if not row.startswith("(none)")
    }
    whole = int(asked("sessions")[1].replace(",", ""))
    year, sessions = next(iter(years.items()))
    assert sum(years.values()) < whole
    assert int(asked("sessions", "", f"release_year!={year}")[1].replace(",", "")) == whole - sessions


def test_a_value_of_another_type_is_refused_in_a_sentence(asked):
    with pytest.raises(CommandError, match='WHERE: invalid input syntax for type integer: "soon"'):
        asked("retention_rate", "", "months_since_registration<soon")


def test_conditions_that_leave_nothing_are_told(asked):
    assert (
        asked("sessions", "month", "month=2020-01")[0] == "No rows: nothing was counted for these conditions."
    )


def test_nothing_is_written(small_star: Platform):
    connection = small_star.connect("dbt_transformer")
    print_metric(connection, "sessions", "", "")
    assert connection.readonly


def test_before_anything_is_published_the_way_is_told(platform: Platform):
    with pytest.raises(CommandError, match="Nothing is published yet: `make demo`"):
        print_metric(platform.connect("dbt_transformer"), "sessions", "", "")
