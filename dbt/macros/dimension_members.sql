{# Keys and names of a dimension that has no source but the sessions, such as devices. The small
   mart_monthly_viewing has all keys with their months; the fact is read since the first month that
   is a key's last one, and raw for the name in one session of each key. #}
{% macro members_of_sessions(key, name) -%}
with last_months as (

    select max(month_date_key) as month_date_key
    from {{ ref('mart_monthly_viewing') }}
    group by {{ key }}

),

used_keys as (

    select
        {{ key }},
        min(session_id) as session_id
    from {{ ref('fct_viewing_sessions') }}
    where
        {{ key }} != -1
        and date_key between (select min(month_date_key) from last_months)
        and (select max(month_date_key) + 30 from last_months)
    group by {{ key }}

),

named_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}
    where {{ is_one_of('session_id', 'select session_id from used_keys') }}

),

final as (

    select
        used_keys.{{ key }},
        named_sessions.{{ name }}
    from used_keys
    inner join named_sessions on used_keys.session_id = named_sessions.session_id

    union all

    select
        -1 as {{ key }},
        'Unknown' as {{ name }}

)
{%- endmacro %}
