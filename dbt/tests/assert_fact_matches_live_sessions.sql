-- For each day the fact has the same sessions, minutes and percentages as the live rows of raw.
with staged as (

    select
        watch_date,
        count(*) as sessions,
        sum(watch_duration_minutes) as watch_minutes,
        sum(cast(completion_percentage as numeric(5, 2))) as completion_percentages
    from {{ ref('stg_postgres__viewing_sessions') }}
    where not is_deleted
    group by watch_date

),

fact as (

    select
        watch_date,
        count(*) as sessions,
        sum(watch_duration_minutes) as watch_minutes,
        sum(completion_percentage) as completion_percentages
    from {{ ref('fct_viewing_sessions') }}
    group by watch_date

)

select
    coalesce(staged.watch_date, fact.watch_date) as watch_date,
    staged.sessions as staged_sessions,
    fact.sessions as fact_sessions,
    staged.watch_minutes as staged_minutes,
    fact.watch_minutes as fact_minutes
from staged
full outer join fact on staged.watch_date = fact.watch_date
where
    coalesce(staged.sessions, 0) != coalesce(fact.sessions, 0)
    or coalesce(staged.watch_minutes, 0) != coalesce(fact.watch_minutes, 0)
    or coalesce(staged.completion_percentages, 0) != coalesce(fact.completion_percentages, 0)
