-- Without inferred users: their plan and its first day are not known.
with user_versions as (

    select
        user_id,
        subscription_type,
        valid_from,
        valid_to
    from {{ ref('dim_users') }}
    where
        user_key != -1
        and not is_inferred

),

plans as (

    select distinct subscription_type
    from user_versions

),

-- Every day with a change of a user or with activity.
known_days as (

    select
        valid_from as known_date,
        valid_from as version_date
    from user_versions

    union all

    select
        valid_to as known_date,
        cast(null as date) as version_date
    from user_versions
    where valid_to < cast('9999-12-31' as date)

    union all

    select
        date as known_date,
        cast(null as date) as version_date
    from {{ ref('mart_daily_engagement') }}

),

bounds as (

    select
        min(version_date) as first_date,
        max(known_date) as last_date
    from known_days

),

months as (

    select
        min(dates.date) as month_start_date,
        -- A month that the data do not reach the end of is counted on the last known day.
        max(case when dates.date <= bounds.last_date then dates.date end) as counted_on_date,
        max(dates.date) <= max(bounds.last_date) as is_complete
    from {{ ref('dim_dates') }} as dates
    cross join bounds
    group by dates.year, dates.month
    having
        max(dates.date) >= max(bounds.first_date)
        and min(dates.date) <= max(bounds.last_date)

),

-- Many versions share their dates: grouped, there are fewer rows to join with the months.
plan_days as (

    select
        subscription_type,
        valid_from,
        valid_to,
        count(*) as users
    from user_versions
    group by subscription_type, valid_from, valid_to

)

select
    months.month_start_date,
    months.counted_on_date,
    months.is_complete,
    plans.subscription_type,
    cast(coalesce(sum(plan_days.users), 0) as bigint) as users
from months
cross join plans
left join plan_days
    on
        plans.subscription_type = plan_days.subscription_type
        and months.counted_on_date >= plan_days.valid_from
        and months.counted_on_date < plan_days.valid_to
group by
    months.month_start_date,
    months.counted_on_date,
    months.is_complete,
    plans.subscription_type
