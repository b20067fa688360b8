"""Questions as people write them: what is read, and what is refused with which sentence."""

import pytest

from include.errors import MetricError
from include.metrics import Condition, Definitions, ask_for, compile_question, read_definitions


@pytest.fixture(scope="module")
def definitions() -> Definitions:
    return read_definitions()


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("", ()),
        ("plan=Premium", (Condition("plan", "=", ("Premium",)),)),
        (
            "country=Spain,Chile, month>=2024-06",
            (Condition("country", "=", ("Spain", "Chile")), Condition("month", ">=", ("2024-06",))),
        ),
        ("title='Love, Actually'", (Condition("title", "=", ("Love, Actually",)),)),
        ("title='It''s = fine', plan!=Basic", (
            Condition("title", "=", ("It's = fine",)), Condition("plan", "!=", ("Basic",)),
        )),
        ("  day <= 2024-08-30 ", (Condition("day", "<=", ("2024-08-30",)),)),
        ("device = Smart TV,'Gaming Console'", (Condition("device", "=", ("Smart TV", "Gaming Console")),)),
    ],
)  # fmt: skip
def test_conditions_are_read_as_they_are_written(text, conditions):
    assert ask_for("sessions", "", text).where == conditions


@pytest.mark.parametrize("text", ["plan", "plan Premium", "=Premium", "plan ~ x"])
def test_what_is_no_condition_is_refused_with_an_example(text):
    with pytest.raises(MetricError, match="Write conditions as plan=Premium"):
        ask_for("sessions", "", text)


def test_names_are_separated_by_commas():
    question = ask_for(" sessions, watch_hours ", "country ,month", "")
    assert (question.metrics, question.by) == (("sessions", "watch_hours"), ("country", "month"))


@pytest.mark.parametrize(
    ("metrics", "by", "where", "sentence"),
    [
        ("", "", "", "No metric is named"),
        ("watch_hour", "", "", "There is no metric 'watch_hour': did you mean watch_hours"),
        ("sessions", "county", "", "There is no field 'county': did you mean country"),
        ("sessions", "watch_date", "", "There is no field 'watch_date': there are age_band, cohort_month"),
        ("sessions", "month,month", "", "month stands in BY twice"),
        ("sessions,watch_hours,sessions", "", "", "sessions stands in M twice"),
        ("churn_rate", "day", "", "It can be asked by month, plan"),
        ("sessions", "", "month=Juni", "'Juni' is no month: write it as 2024-08, or name a day of it"),
        ("sessions", "", "day=2024-02-30", "'2024-02-30' is no day"),
        ("sessions", "", "month>2024-06,2024-07", "month > takes one value, not 2024-06, 2024-07"),
        ("watch_hours", "genre", "", "since a title has several: ask for genre_watch_hours"),
        ("average_session_minutes", "genre", "", "cannot be asked by genre"),
        ("production_budget", "month", "", "production_budget has no date, so it has no one answer by month"),
        ("production_budget", "", "year=2024", "production_budget has no date"),
        ("catalogue_coverage", "", "month=2024-08", "computed from available_titles, has no date"),
        ("current_subscribers", "month", "", "current_subscribers has no date"),
        ("subscribers", "day", "", "subscribers cannot be asked by day. It can be asked by month, quarter"),
        ("sessions", "is_complete_month", "", "sessions cannot be asked by is_complete_month. It can be"),
        ("stickiness", "month", "", "stickiness is a number of one day: add day to BY"),
        ("stickiness", "", "month=2024-08", "stickiness is a number of one day"),
        ("sessions_growth", "", "", "sessions_growth is a number of one month"),
        ("sessions_growth", "week", "", "sessions_growth is a number of one month"),
        ("churn_rate", "country", "", "cannot be asked by country"),
        ("sessions_growth", "month", "day>=2024-08-15", "WHERE cannot name a day"),
        ("sessions_growth", "month,weekday", "", "sessions_growth counts other days than those"),
        ("active_users_30d", "day", "is_weekend=true", "so that is_weekend has no one answer"),
    ],
)  # fmt: skip
def test_what_has_no_one_answer_is_refused_with_a_sentence(definitions, metrics, by, where, sentence):
    with pytest.raises(MetricError) as refused:
        compile_question(definitions, ask_for(metrics, by, where))
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("metrics", "by", "where"),
    [
        ("sessions_growth", "", "month=2024-08"),
        ("stickiness", "", "day=2024-08-30"),
        ("stickiness,active_users", "day,country", "week=2024-08-26"),
        ("churn_rate,subscribers,new_users", "month,plan", ""),
        ("genre_watch_hours", "genre,country,quarter", "device=Mobile"),
        ("retention_rate", "months_since_registration", "is_complete_month=true"),
    ],
)
def test_questions_of_one_period_and_by_every_path_are_taken(definitions, metrics, by, where):
    query = compile_question(definitions, ask_for(metrics, by, where))
    assert query.sql.startswith("with part_1 as (")
