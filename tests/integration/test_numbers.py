"""The few numbers that a run prints of the star."""

from cli.summary import kpis
from tests.integration.helpers.pipeline import Pipeline

STAR = """
create table trusted.fct_viewing_sessions as
select *, date '2024-09-01' as watch_date
from (values ('S1', null, 60.0, true), ('S2', 'U1', 30.0, false))
    as sessions (session_id, user_id, watch_duration_minutes, is_completed);
"""


def test_sessions_without_a_user_count_for_no_active_user(own_pipeline: Pipeline) -> None:
    publisher = own_pipeline.platform.connect("dbt_transformer")
    with publisher, publisher.cursor() as cursor:
        cursor.execute("create schema if not exists trusted")
        cursor.execute(STAR)
    assert [value for _, value in kpis(publisher)] == ["1", "1.5", "50.0 %"]
