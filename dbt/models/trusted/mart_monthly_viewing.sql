{# Counts the months again whose sessions changed. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ delete_touched_months() }}"
    )
}}
select
    {{ month_date_key('viewing_sessions.date_key') }} as month_date_key,
    users.subscription_type,
    users.country,
    viewing_sessions.device_key,
    viewing_sessions.quality_level_key,
    count(*) as sessions,
    cast(sum(viewing_sessions.watch_duration_minutes) as numeric(18, 2)) as watch_minutes,
    cast(
        sum(viewing_sessions.completion_percentage) as numeric(18, 2)
    ) as completion_percentages,
    cast(
        sum(case when viewing_sessions.is_completed then 1 else 0 end) as bigint
    ) as completed_sessions
from {{ ref('fct_viewing_sessions') }} as viewing_sessions
inner join {{ ref('dim_users') }} as users on viewing_sessions.user_key = users.user_key
{% if is_incremental() -%}
    where {{ is_touched(month_date_key('viewing_sessions.date_key')) }}
{%- endif %}
group by
    {{ month_date_key('viewing_sessions.date_key') }},
    users.subscription_type,
    users.country,
    viewing_sessions.device_key,
    viewing_sessions.quality_level_key
