with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

user_versions as (

    select * from {{ ref('dim_users') }}

),

users as (

    select * from {{ ref('mart_user_engagement') }}

),

months as (

    select * from {{ ref('mart_monthly_engagement') }}

),

registrations as (

    select
        user_id,
        {{ period_start('month', 'registration_date') }} as cohort_start_date
    from users
    where
        user_key != -1
        and registration_date is not null

),

cohorts as (

    select
        cohort_start_date,
        count(*) as cohort_users
    from registrations
    group by cohort_start_date

),

-- All versions of a user are one user.
user_months as (

    select
        user_versions.user_id,
        {{ period_start('month', 'viewing_sessions.watch_date') }} as month_start_date,
        count(*) as sessions,
        sum(viewing_sessions.watch_duration_minutes) as watch_minutes
    from viewing_sessions
    inner join user_versions on viewing_sessions.user_key = user_versions.user_key
    where viewing_sessions.user_key != -1
    group by
        user_versions.user_id,
        {{ period_start('month', 'viewing_sessions.watch_date') }}

),

cohort_months as (

    select
        registrations.cohort_start_date,
        user_months.month_start_date,
        count(*) as active_users,
        sum(user_months.sessions) as sessions,
        sum(user_months.watch_minutes) as watch_minutes
    from registrations
    inner join user_months on registrations.user_id = user_months.user_id
    group by registrations.cohort_start_date, user_months.month_start_date

),

final as (

    select
        cohorts.cohort_start_date,
        -- Between first days of months: databases differ on what a month between other days is.
        cast(
            {{ datediff('cohorts.cohort_start_date', 'months.month_start_date', 'month') }}
            as integer
        ) as months_since_registration,
        months.month_start_date,
        months.is_complete,
        cohorts.cohort_users,
        coalesce(cohort_months.active_users, 0) as active_users,
        cast(
            cast(coalesce(cohort_months.active_users, 0) as numeric(18, 4)) / cohorts.cohort_users
            as numeric(5, 4)
        ) as retention_rate,
        cast(coalesce(cohort_months.sessions, 0) as bigint) as sessions,
        cast(coalesce(cohort_months.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours
    from cohorts
    inner join months on cohorts.cohort_start_date <= months.month_start_date
    left join cohort_months
        on
            cohorts.cohort_start_date = cohort_months.cohort_start_date
            and months.month_start_date = cohort_months.month_start_date

)

select * from final
