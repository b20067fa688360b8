-- The totals of all cohorts equal the sessions and minutes of their users since the month of
-- registration.
with viewing_sessions as (

    select
        count(*) as sessions,
        coalesce(sum(viewing_sessions.watch_duration_minutes), 0) as watch_minutes
    from {{ ref('fct_viewing_sessions') }} as viewing_sessions
    inner join {{ ref('dim_users') }} as users on viewing_sessions.user_key = users.user_key
    where viewing_sessions.watch_date >= users.cohort_start_date

),

cohorts as (

    select
        coalesce(sum(sessions), 0) as sessions,
        coalesce(sum(watch_minutes), 0) as watch_minutes
    from {{ ref('mart_cohort_retention') }}

)

select
    cohorts.sessions,
    cohorts.watch_minutes,
    viewing_sessions.sessions as expected_sessions,
    viewing_sessions.watch_minutes as expected_watch_minutes
from cohorts
cross join viewing_sessions
where
    cohorts.sessions != viewing_sessions.sessions
    or cohorts.watch_minutes != viewing_sessions.watch_minutes
