with mix as (

    select
        dates.date as month_start_date,
        monthly_viewing.device_key,
        monthly_viewing.quality_level_key,
        cast(sum(monthly_viewing.sessions) as bigint) as sessions,
        sum(monthly_viewing.watch_minutes) as watch_minutes,
        cast(sum(monthly_viewing.completed_sessions) as bigint) as completed_sessions
    from {{ ref('mart_monthly_viewing') }} as monthly_viewing
    inner join {{ ref('dim_dates') }} as dates on monthly_viewing.month_date_key = dates.date_key
    group by
        dates.date,
        monthly_viewing.device_key,
        monthly_viewing.quality_level_key

)

select
    mix.month_start_date,
    mix.device_key,
    mix.quality_level_key,
    devices.device_type,
    quality_levels.quality_level,
    mix.sessions,
    cast(mix.watch_minutes / 60 as numeric(12, 2)) as watch_hours,
    mix.completed_sessions,
    cast(
        cast(mix.completed_sessions as numeric(18, 4)) / mix.sessions as numeric(5, 4)
    ) as completion_rate
from mix
inner join {{ ref('dim_devices') }} as devices on mix.device_key = devices.device_key
inner join {{ ref('dim_quality_levels') }} as quality_levels
    on mix.quality_level_key = quality_levels.quality_level_key
