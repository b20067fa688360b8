with viewing_users as (

    select
        users.user_id,
        users.country,
        users.valid_from,
        users.is_latest
    from {{ ref('dim_users') }} as users
    inner join {{ ref('tot_user_versions') }} as user_versions
        on users.user_key = user_versions.user_key
    where users.user_key != -1

),

-- A session counts in the country that the user had on the watch date. A user counts in a country
-- with the first version that watched there.
country_viewers as (

    select
        country,
        count(*) as viewers
    from viewing_users
    where
        not exists (
            select 1
            from viewing_users as earlier
            where
                not earlier.is_latest
                and earlier.user_id = viewing_users.user_id
                and earlier.country = viewing_users.country
                and earlier.valid_from < viewing_users.valid_from
        )
    group by country

),

country_sessions as (

    select
        country,
        sum(sessions) as sessions,
        sum(watch_minutes) as watch_minutes,
        sum(completed_sessions) as completed_sessions
    from {{ ref('mart_monthly_viewing') }}
    group by country

),

countries as (

    select
        country,
        sum(
            case when is_current and not is_inferred and user_key != -1 then 1 else 0 end
        ) as current_users
    from {{ ref('dim_users') }}
    group by country

)

select
    countries.country,
    -- Unknown is not a country, so it is last, whatever its hours are.
    cast(
        rank() over (
            order by
                case when countries.country = 'Unknown' then 1 else 0 end asc,
                coalesce(country_sessions.watch_minutes, 0) desc
        ) as integer
    ) as watch_hours_rank,
    countries.current_users,
    cast(coalesce(country_viewers.viewers, 0) as bigint) as viewers,
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
left join country_viewers on countries.country = country_viewers.country
