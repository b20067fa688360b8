"""The rights of stream_loader: what it needs to load events, and nothing else.

The role is made by docker/warehouse/roles.sql. Where an administrator has not made it yet, nobody streams.
"""

from psycopg2.extensions import cursor as Cursor

RIGHTS = """
do $$ begin
    if to_regrole('stream_loader') is not null then
        grant usage on schema raw, ops, quarantine to stream_loader;
        grant select, insert on raw.kafka_playback_events to stream_loader;
        grant select, insert, update on
            ops.kafka_partitions, ops.viewing_windows_of_users, ops.viewing_windows, quarantine.rejected_rows
            to stream_loader;
    end if;
end $$
"""


def grant_streaming(cursor: Cursor) -> None:
    """Give the role its rights on tables that are there by now; again after each migration."""
    cursor.execute(RIGHTS)
