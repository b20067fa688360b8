with users as (

    select * from {{ ref('dim_users') }}
    where is_latest

),

months as (

    select
        {{ period_start('month', 'date') }} as month_start_date,
        max(date) as last_date
    from {{ ref('mart_daily_engagement') }}
    group by {{ period_start('month', 'date') }}

),

cohorts as (

    select
        {{ period_start('month', 'registration_date') }} as cohort_start_date,
        count(*) as cohort_users
    from users
    where
        user_key != -1
        and registration_date is not null
    group by {{ period_start('month', 'registration_date') }}

),

cohort_months as (

    select
        cohort_start_date,
        {{ period_start('month', 'watch_date') }} as month_start_date,
        cast(sum(first_of_month) as bigint) as active_users,
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(watch_minutes) as numeric(18, 2)) as watch_minutes
    from {{ ref('tot_daily_cohorts') }}
    where cohort_start_date is not null
    group by
        cohort_start_date,
        {{ period_start('month', 'watch_date') }}

)

select
    cohorts.cohort_start_date,
    cast(
        (extract(year from months.month_start_date) - extract(year from cohorts.cohort_start_date))
        * 12
        + extract(month from months.month_start_date)
        - extract(month from cohorts.cohort_start_date)
        as integer
    ) as months_since_registration,
    months.month_start_date,
    months.last_date = {{ period_end('month', 'months.month_start_date') }} as is_complete,
    cohorts.cohort_users,
    coalesce(cohort_months.active_users, 0) as active_users,
    cast(
        cast(coalesce(cohort_months.active_users, 0) as numeric(18, 4)) / cohorts.cohort_users
        as numeric(5, 4)
    ) as retention_rate,
    coalesce(cohort_months.sessions, 0) as sessions,
    coalesce(cohort_months.watch_minutes, 0) as watch_minutes,
    cast(coalesce(cohort_months.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours
from cohorts
inner join months on cohorts.cohort_start_date <= months.month_start_date
left join cohort_months
    on
        cohorts.cohort_start_date = cohort_months.cohort_start_date
        and months.month_start_date = cohort_months.month_start_date
