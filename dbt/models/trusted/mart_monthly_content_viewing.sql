with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}

),

final as (

    select
        -- The date key of the first day of the month: 20240317 - 17 + 1 = 20240301.
        date_key - mod(date_key, 100) + 1 as month_date_key,
        content_key,
        count(*) as sessions,
        cast(sum(watch_duration_minutes) as numeric(18, 2)) as watch_minutes,
        cast(sum(completion_percentage) as numeric(18, 2)) as completion_percentages,
        cast(sum(case when is_completed then 1 else 0 end) as bigint) as completed_sessions
    from viewing_sessions
    group by
        date_key - mod(date_key, 100) + 1,
        content_key

)

select * from final
