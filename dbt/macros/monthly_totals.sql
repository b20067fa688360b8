{# Sessions and sums by month and further columns; not rounded, so that they can be added up. #}
{% macro monthly_totals(columns) -%}
with viewing as (

    {{ viewing_to_sum() }}

),

counted as (

    select
        -- The date key of the first day of the month: 20240317 - 17 + 1 = 20240301.
        date_key - mod(date_key, 100) + 1 as month_date_key,
        {{ columns | join(', ') }},
        sum(change) as sessions,
        sum(change * watch_duration_minutes) as watch_minutes,
        sum(change * completion_percentage) as completion_percentages,
        sum(case when is_completed then change else 0 end) as completed_sessions
    from viewing
    group by
        date_key - mod(date_key, 100) + 1,
        {{ columns | join(', ') }}

    {% if carries_forward() -%}
    union all

    select
        month_date_key,
        {{ columns | join(', ') }},
        sessions,
        watch_minutes,
        completion_percentages,
        completed_sessions
    from {{ this }}
    {%- endif %}

),

final as (

    select
        month_date_key,
        {{ columns | join(', ') }},
        cast(sum(sessions) as bigint) as sessions,
        cast(sum(watch_minutes) as numeric(18, 2)) as watch_minutes,
        cast(sum(completion_percentages) as numeric(18, 2)) as completion_percentages,
        cast(sum(completed_sessions) as bigint) as completed_sessions
    from counted
    group by month_date_key, {{ columns | join(', ') }}
    having sum(sessions) > 0

)

select * from final
{%- endmacro %}
