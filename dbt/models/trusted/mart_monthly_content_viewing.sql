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
    {{ month_date_key('date_key') }} as month_date_key,
    content_key,
    count(*) as sessions,
    cast(sum(watch_duration_minutes) as numeric(18, 2)) as watch_minutes,
    cast(sum(completion_percentage) as numeric(18, 2)) as completion_percentages,
    cast(sum(case when is_completed then 1 else 0 end) as bigint) as completed_sessions
from {{ ref('fct_viewing_sessions') }}
{% if is_incremental() -%}
    where {{ is_touched(month_date_key('date_key')) }}
{%- endif %}
group by
    {{ month_date_key('date_key') }},
    content_key
