{# Read in the order of an index of the fact. #}
select
    user_key,
    count(*) as sessions,
    count(distinct watch_date) as active_days,
    count(distinct content_key) as titles_watched,
    sum(watch_duration_minutes) as watch_minutes,
    sum(case when is_completed then 1 else 0 end) as completed_sessions,
    min(watch_date) as first_watch_date,
    max(watch_date) as last_watch_date
from {{ ref('fct_viewing_sessions') }}
group by user_key
