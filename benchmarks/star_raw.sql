-- Raw as the loader leaves it after a first load: :sessions sessions of two years, a user for every 20 of them,
-- 1,000 titles. Nothing is random: n is multiplied by a prime to spread the values.
insert into raw.postgres_users
    (user_id, age, country, subscription_type, registration_date, total_watch_time_hours,
     created_at, _batch_id, _as_of, _loaded_at, _source_updated_at)
select
    'U' || lpad(n::text, 7, '0'),
    16 + (n * 7919 % 60)::integer,
    (array['Brazil', 'Canada', 'Chile', 'France', 'Germany', 'India', 'Italy', 'Japan', 'Kenya', 'Mexico',
           'Norway', 'Peru', 'Poland', 'Spain', 'Sweden', 'Turkey', 'Uganda', 'Ukraine', 'Vietnam', 'Zambia']
    )[1 + n * 7907 % 20],
    (array['Basic', 'Standard', 'Premium'])[1 + n * 6841 % 3],
    date '2022-09-01' + (n * 7877 % 700)::integer,
    (n * 6857 % 9000) / 10.0,
    '2024-09-01 05:00+00', 'first', '2024-09-01', '2024-09-01 06:00+00', '2024-09-01 05:00+00'
from generate_series(1, :sessions::bigint / 20) as n;

insert into raw.mongo_movies
    (content_id, title, duration_minutes, release_year, rating, views_count, production_budget,
     _document, _batch_id, _as_of, _loaded_at)
select
    'M' || lpad(n::text, 4, '0'), 'Movie ' || n, 80 + n % 70, 1970 + n % 54, (n % 90) / 10.0, n * 1000, n * 100000,
    '{}', 'first', '2024-09-01', '2024-09-01 06:00+00'
from generate_series(1, 600) as n;

insert into raw.mongo_series
    (content_id, title, seasons, avg_episode_duration, rating, total_views, production_budget,
     _document, _batch_id, _as_of, _loaded_at)
select
    'S' || lpad(n::text, 4, '0'), 'Series ' || n, 1 + n % 3, 20 + n % 40, (n % 90) / 10.0, n * 1000, n * 100000,
    '{}', 'first', '2024-09-01', '2024-09-01 06:00+00'
from generate_series(1, 400) as n;

insert into raw.mongo_series_seasons (content_id, season_number, episodes, _batch_id, _as_of, _loaded_at)
select 'S' || lpad(n::text, 4, '0'), season, 6 + n % 8, 'first', '2024-09-01', '2024-09-01 06:00+00'
from generate_series(1, 400) as n, generate_series(1, 1 + n % 3) as season;

insert into raw.mongo_content_genres (content_id, position, genre, _batch_id, _as_of, _loaded_at)
select
    content_id, place,
    (array['Drama', 'Comedy', 'Crime', 'Action', 'Horror', 'Romance', 'War', 'Western', 'Fantasy', 'History',
           'Music', 'Family'])[1 + (number * 5 + place * 3) % 12],
    'first', '2024-09-01', '2024-09-01 06:00+00'
from (
    select content_id, row_number() over (order by content_id) as number
    from (select content_id from raw.mongo_movies union all select content_id from raw.mongo_series) as titles
) as numbered, generate_series(1, 1 + number % 3) as place;

insert into raw.postgres_viewing_sessions
    (session_id, user_id, content_id, watch_date, watch_duration_minutes, completion_percentage,
     device_type, quality_level, created_at, _batch_id, _as_of, _loaded_at, _source_updated_at)
select
    'S' || lpad(n::text, 9, '0'),
    'U' || lpad((1 + n * 7919 % (:sessions::bigint / 20))::text, 7, '0'),
    case when n % 5 < 3 then 'M' || lpad((1 + n / 7 * 7907 % 600)::text, 4, '0')
         else 'S' || lpad((1 + n / 7 * 7901 % 400)::text, 4, '0') end,
    date '2022-09-02' + (n * 730 / :sessions::bigint)::integer,
    (n * 7883 % 1800) / 10.0,
    (n * 7879 % 1001) / 10.0,
    (array['Mobile', 'Smart TV', 'Desktop', 'Tablet', 'Gaming Console'])[1 + n * 7873 % 5],
    (array['SD', 'HD', '4K'])[1 + n * 7867 % 3],
    '2024-09-01 05:00+00', 'first', '2024-09-01', '2024-09-01 06:00+00', '2024-09-01 05:00+00'
from generate_series(1, :sessions::bigint) as n;

-- So the platform knows that raw changed (include/ops/load_runs.py).
insert into ops.load_runs
    (batch_id, as_of, stage, table_name, started_at, seconds, rows_read, rows_inserted, rows_updated,
     rows_unchanged, rows_quarantined, rows_deleted)
values
    ('first', '2024-09-01', 'extract', 'postgres_viewing_sessions', now(), 0, :sessions, :sessions, 0, 0, 0, 0);
