with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

devices as (

    select * from {{ ref('dim_devices') }}

),

quality_levels as (

    select * from {{ ref('dim_quality_levels') }}

),

mix as (

    select
        {{ period_start('month', 'watch_date') }} as month_start_date,
        device_key,
        quality_level_key,
        count(*) as sessions,
        sum(watch_duration_minutes) as watch_minutes,
        sum(case when is_completed then 1 else 0 end) as completed_sessions
    from viewing_sessions
    group by
        {{ period_start('month', 'watch_date') }},
        device_key,
        quality_level_key

),

final as (

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
    inner join devices on mix.device_key = devices.device_key
    inner join quality_levels on mix.quality_level_key = quality_levels.quality_level_key

)

select * from final
