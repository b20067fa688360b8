"""The few numbers that a run prints of the star."""

from cli.summary import KPIS
from tests.integration.helpers.pipeline import Pipeline

STAR = """
create table trusted.dim_users as
select * from (values (-1, 'Unknown'), (1, 'U1')) as users (user_key, user_id);
create table trusted.fct_viewing_sessions as
select * from (values (-1, date '2024-09-01', 60.0, true), (1, date '2024-09-01', 30.0, false))
    as sessions (user_key, watch_date, watch_duration_minutes, is_completed);
"""


def test_sessions_without_a_user_count_for_no_active_user(own_pipeline: Pipeline) -> None:
    publisher = own_pipeline.platform.connect("dbt_transformer")
    with publisher, publisher.cursor() as cursor:
        cursor.execute("create schema if not exists trusted")
        cursor.execute(STAR)
        cursor.execute(KPIS)
        assert [value for _, value in cursor.fetchall()] == ["1", "1.5", "50.0 %"]
