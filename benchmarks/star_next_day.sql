-- The next day's load, 1 % of the first one, as days come: of 1,000 sessions 6 are new, 3 are corrected, of the last two
-- weeks, and 1 is deleted, of the last month; of 100 users 1 changes plan; every title has more views. A hash spreads
-- them. With the variable `everywhere` corrections and deletions are spread over both years.
\if :{?everywhere}
    \set corrected 'abs(hashtext(session_id)) % 1000 between 6 and 8'
    \set deleted 'abs(hashtext(session_id)) % 1000 = 9'
\else
    \set corrected 'watch_date > date \'2024-08-18\' and abs(hashtext(session_id)) % 100 between 6 and 20'
    \set deleted 'watch_date > date \'2024-08-02\' and abs(hashtext(session_id)) % 1000 between 900 and 924'
\endif

insert into raw.postgres_viewing_sessions
    (session_id, user_id, content_id, watch_date, watch_duration_minutes, completion_percentage,
     device_type, quality_level, created_at, _batch_id, _as_of, _loaded_at, _source_updated_at)
select
    'N' || session_id, user_id, content_id, '2024-09-02', watch_duration_minutes, completion_percentage,
    device_type, quality_level, '2024-09-02 05:00+00', 'next', '2024-09-02', '2024-09-02 06:00+00',
    '2024-09-02 05:00+00'
from raw.postgres_viewing_sessions
where abs(hashtext(session_id)) % 1000 < 6;

update raw.postgres_viewing_sessions
set completion_percentage = 100 - completion_percentage, _batch_id = 'next', _as_of = '2024-09-02',
    _loaded_at = '2024-09-02 06:00+00'
where session_id like 'S%' and :corrected;

update raw.postgres_viewing_sessions
set _deleted_at = '2024-09-02 06:00+00', _batch_id = 'next', _as_of = '2024-09-02',
    _loaded_at = '2024-09-02 06:00+00'
where session_id like 'S%' and :deleted;

update raw.postgres_users
set subscription_type = 'Family', _batch_id = 'next', _as_of = '2024-09-02', _loaded_at = '2024-09-02 06:00+00'
where right(user_id, 2) = '50';

update raw.mongo_movies
set views_count = views_count + 100, _batch_id = 'next', _as_of = '2024-09-02', _loaded_at = '2024-09-02 06:00+00';

update raw.mongo_series
set total_views = total_views + 100, _batch_id = 'next', _as_of = '2024-09-02', _loaded_at = '2024-09-02 06:00+00';

insert into ops.load_runs
    (batch_id, as_of, stage, table_name, started_at, seconds, rows_read, rows_inserted, rows_updated,
     rows_unchanged, rows_quarantined, rows_deleted)
select 'next', '2024-09-02', 'extract', 'postgres_viewing_sessions', now(), 0, count(*), count(*), 0, 0, 0, 0
from raw.postgres_viewing_sessions
where _batch_id = 'next';
