with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

final as (

    select
        -- The date key of the first day of the month: 20240317 - 17 + 1 = 20240301.
        viewing_sessions.date_key - mod(viewing_sessions.date_key, 100) + 1 as month_date_key,
        users.subscription_type,
        users.country,
        viewing_sessions.device_key,
        viewing_sessions.quality_level_key,
        count(*) as sessions,
        cast(sum(viewing_sessions.watch_duration_minutes) as numeric(18, 2)) as watch_minutes,
        cast(sum(viewing_sessions.completion_percentage) as numeric(18, 2)) as completion_percentages,
        cast(sum(case when viewing_sessions.is_completed then 1 else 0 end) as bigint) as completed_sessions
    from viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by
        viewing_sessions.date_key - mod(viewing_sessions.date_key, 100) + 1,
        users.subscription_type,
        users.country,
        viewing_sessions.device_key,
        viewing_sessions.quality_level_key

)

select * from final
