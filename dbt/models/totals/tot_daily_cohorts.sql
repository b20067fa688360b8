{# Counts the months again whose sessions changed, and the next month, which may share a week. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_days_near_touched_months('watch_date') }}"
    )
}}

with days as (

    select
        date,
        {{ period_start('week', 'date') }} as week_start_date,
        {{ period_start('month', 'date') }} as month_start_date
    from {{ ref('dim_dates') }}
    {% if is_incremental() -%}
        where {{ is_near_touched('date', months=[0, -1]) }}
    {%- endif %}

),

-- Read in the order of an index of the fact.
in_order as (

    select
        user_key,
        watch_date,
        watch_duration_minutes,
        is_completed,
        lag(watch_date) over (partition by user_key order by watch_date) as previous_date
    from {{ ref('fct_viewing_sessions') }}
    {% if is_incremental() -%}
        -- The month before as well: the first session of a week may be there.
        where watch_date in (
            select dates.date
            from {{ ref('dim_dates') }} as dates
            where {{ is_near_touched('dates.date', months=[1, 0, -1]) }}
        )
    {%- endif %}

),

-- Versions of a user follow one another: before the first session of a version the user's previous
-- session is the last one of the earlier versions.
earlier_versions as (

    select
        users.user_key,
        max(user_versions.last_watch_date) as last_date
    from {{ ref('dim_users') }} as users
    inner join {{ ref('dim_users') }} as earlier
        on
            users.user_id = earlier.user_id
            and users.valid_from > earlier.valid_from
    inner join {{ ref('tot_user_versions') }} as user_versions
        on earlier.user_key = user_versions.user_key
    where
        users.user_key != -1
        and not earlier.is_latest
    group by users.user_key

),

users as (

    select
        users.user_key,
        users.cohort_start_date,
        coalesce(earlier_versions.last_date, cast('0001-01-01' as date)) as last_date
    from {{ ref('dim_users') }} as users
    left join earlier_versions on users.user_key = earlier_versions.user_key

),

with_previous as (

    select
        in_order.watch_date,
        users.cohort_start_date,
        in_order.watch_duration_minutes,
        in_order.is_completed,
        users.user_key != -1 as has_user,
        -- A session without a user is the first of nobody.
        case
            when users.user_key = -1 then cast('9999-12-31' as date)
            else coalesce(in_order.previous_date, users.last_date)
        end as previous_date
    from in_order
    inner join users on in_order.user_key = users.user_key

)

select
    with_previous.watch_date,
    with_previous.cohort_start_date,
    count(*) as sessions,
    sum(case when with_previous.has_user then 1 else 0 end) as sessions_of_users,
    sum(with_previous.watch_duration_minutes) as watch_minutes,
    sum(case when with_previous.is_completed then 1 else 0 end) as completed_sessions,
    sum(
        case when with_previous.previous_date < with_previous.watch_date then 1 else 0 end
    ) as first_of_day,
    sum(
        case when with_previous.previous_date < days.week_start_date then 1 else 0 end
    ) as first_of_week,
    sum(
        case when with_previous.previous_date < days.month_start_date then 1 else 0 end
    ) as first_of_month
from with_previous
inner join days on with_previous.watch_date = days.date
group by with_previous.watch_date, with_previous.cohort_start_date
