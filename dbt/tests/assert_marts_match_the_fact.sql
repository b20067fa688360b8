-- Every mart adds up to the sessions of the fact: no join lost or repeated a session.
with totals as (

    select
        'fct_viewing_sessions' as model,
        count(*) as sessions
    from {{ ref('fct_viewing_sessions') }}

    union all

    select
        'mart_daily_engagement' as model,
        coalesce(sum(sessions), 0) as sessions
    from {{ ref('mart_daily_engagement') }}

    union all

    select
        'mart_content_performance' as model,
        coalesce(sum(sessions), 0) as sessions
    from {{ ref('mart_content_performance') }}

    union all

    select
        'mart_user_engagement' as model,
        coalesce(sum(sessions), 0) as sessions
    from {{ ref('mart_user_engagement') }}

)

select *
from totals
where sessions != (select count(*) from {{ ref('fct_viewing_sessions') }})
