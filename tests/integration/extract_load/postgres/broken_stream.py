"""A source that breaks while it is read: a view in the place of the users, too wide for the pipe."""

from tests.integration.helpers.pipeline import Pipeline

# More than the pipe holds, so that both ends are at work when one of them breaks.
WIDE = "select 'U' || n as user_id, 21 as age, repeat('x', 1000) as country, 'Basic' as subscription_type,"
WIDE += " date '2022-10-02' as registration_date, {hours} as total_watch_time_hours, now() as created_at,"
WIDE += " now() as updated_at from generate_series(1, 30000) as n"


def replace_users_by_a_view(pipeline: Pipeline, hours: str) -> None:
    """Let each row's hours be this expression of its number `n`."""
    pipeline.source("alter table users rename to users_table")
    pipeline.source(f"create view users as {WIDE.format(hours=hours)}")
