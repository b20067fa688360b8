with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

users as (

    select * from {{ ref('dim_users') }}

),

-- A session counts where its user lived on the watch date.
user_sessions as (

    select
        users.country,
        users.user_id,
        users.user_key = -1 as is_unknown_user,
        count(*) as sessions,
        sum(viewing_sessions.watch_duration_minutes) as watch_minutes,
        sum(case when viewing_sessions.is_completed then 1 else 0 end) as completed_sessions
    from viewing_sessions
    inner join users on viewing_sessions.user_key = users.user_key
    group by users.country, users.user_id, users.user_key = -1

),

country_sessions as (

    select
        country,
        sum(case when is_unknown_user then 0 else 1 end) as viewers,
        sum(sessions) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completed_sessions) as completed_sessions
    from user_sessions
    group by country

),

countries as (

    select
        country,
        sum(
            case when is_current and not is_inferred and user_key != -1 then 1 else 0 end
        ) as current_users
    from users
    group by country

),

final as (

    select
        countries.country,
        -- Unknown is no country: it comes last, whatever was watched there.
        cast(
            rank() over (
                order by
                    case when countries.country = 'Unknown' then 1 else 0 end asc,
                    coalesce(country_sessions.watch_minutes, 0) desc
            ) as integer
        ) as watch_hours_rank,
        countries.current_users,
        cast(coalesce(country_sessions.viewers, 0) as bigint) as viewers,
        cast(coalesce(country_sessions.sessions, 0) as bigint) as sessions,
        cast(coalesce(country_sessions.watch_minutes, 0) / 60 as numeric(12, 2)) as watch_hours,
        cast(coalesce(country_sessions.completed_sessions, 0) as bigint) as completed_sessions,
        cast(
            cast(country_sessions.completed_sessions as numeric(18, 4))
            / country_sessions.sessions
            as numeric(5, 4)
        ) as completion_rate
    from countries
    left join country_sessions on countries.country = country_sessions.country

)

select * from final
