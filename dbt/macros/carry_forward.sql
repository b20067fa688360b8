{# Sessions with what the marts count by. #}
{% macro sessions_with_users(viewing_sessions, users) -%}
    select
        viewing_sessions.session_id,
        viewing_sessions.user_key,
        users.user_id,
        users.user_key = -1 as is_unknown_user,
        users.cohort_start_date,
        users.country,
        users.subscription_type,
        viewing_sessions.content_key,
        viewing_sessions.device_key,
        viewing_sessions.quality_level_key,
        viewing_sessions.date_key,
        viewing_sessions.watch_date,
        viewing_sessions.watch_duration_minutes,
        viewing_sessions.completion_percentage,
        viewing_sessions.is_completed,
        viewing_sessions._loaded_at as loaded_at
    from {{ viewing_sessions }} as viewing_sessions
    inner join {{ users }} as users on viewing_sessions.user_key = users.user_key
{%- endmacro %}

{# What a mart's totals have to take over: sessions with a `change` of 1 for those that came and -1
   for those that went, or every session as if it had come just now. #}
{% macro viewing_to_sum() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set changes = ref('chg_viewing') -%}
    {%- set viewing_sessions = ref('fct_viewing_sessions') -%}
    {%- set users = ref('dim_users') -%}
    {%- if carries_forward() -%}
    select * from {{ changes }}
    {%- else -%}
    select
        viewing_sessions.*,
        1 as change
    from (
        {{ sessions_with_users(viewing_sessions, users) }}
    ) as viewing_sessions
    {%- endif -%}
{%- endmacro %}

{# The same for who counts once in a group, with as many `sessions` as the fact has now of the users
   who changed in it: those whose row has the `same` as a change. See users_to_add. #}
{% macro viewing_to_count(same) -%}
    {%- set changes = ref('chg_viewing') -%}
    {%- set viewing_now = ref('chg_viewing_now') -%}
    {%- set columns = [
        'user_key', 'user_id', 'is_unknown_user', 'cohort_start_date', 'country', 'content_key', 'watch_date'
    ] -%}
    select
        {{ columns | join(', ') }},
        watch_duration_minutes,
        is_completed,
        change,
        {{ 0 if carries_forward() else 1 }} as sessions
    from (
        {{ viewing_to_sum() }}
    ) as viewing
    {%- if carries_forward() %}

    union all

    select
        viewing_now.{{ columns | join(', viewing_now.') }},
        0 as watch_duration_minutes,
        false as is_completed,
        0 as change,
        viewing_now.sessions
    from {{ viewing_now }} as viewing_now
    where exists (
        select 1
        from {{ changes }} as changes
        where
            changes.user_id = viewing_now.user_id
            and changes.is_unknown_user = viewing_now.is_unknown_user
            and {{ same }}
    )
    {%- endif -%}
{%- endmacro %}

{# What a user adds to the users of a group, grouped by both: 1 when he has sessions in it now, less
   1 when he had some before. #}
{% macro users_to_add() -%}
    case when sum(sessions) > 0 then 1 else 0 end
    - case when sum(sessions) > sum(change) then 1 else 0 end
{%- endmacro %}

{# Of the sessions taken over, those that the fact has to write. Of a changed user most still belong
   to the same version; who has none left had one, and his key stays. #}
{% macro sessions_to_write() -%}
    select taken_over.session_id
    from {{ ref('chg_sessions') }} as taken_over
    left join {{ ref('int_users_versioned') }} as user_versions
        on
            taken_over.user_id = user_versions.user_id
            and taken_over.watch_date >= user_versions.lookup_from
            and taken_over.watch_date < user_versions.lookup_to
    where
        not taken_over.is_deleted
        and (
            taken_over.is_changed
            or user_versions.user_key != taken_over.user_key
        )
{%- endmacro %}

{# Keys and names that sessions give: a dimension without a source of its own. The fact is narrow:
   finding its few keys there and then one session of each is the short way. #}
{% macro members_of_sessions(key, name) -%}
    {%- set changes = ref('chg_viewing') -%}
    {%- set totals = ref('mart_monthly_viewing') -%}
    {%- set viewing_sessions = ref('fct_viewing_sessions') -%}
with used_keys as (

    select
        {{ key }},
        min(session_id) as session_id
    {% if carries_forward() -%}
        from {{ changes }}
        where
            change = 1
            and {{ key }} != -1
    {%- else -%}
        from {{ viewing_sessions }}
        where {{ key }} != -1
    {%- endif %}
    group by {{ key }}

),

viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}
    where {{ is_one_of('session_id', 'select session_id from used_keys') }}

),

final as (

    select
        used_keys.{{ key }},
        viewing_sessions.{{ name }}
    from used_keys
    inner join viewing_sessions on used_keys.session_id = viewing_sessions.session_id

    {% if carries_forward() -%}
    union

    -- Of the members there were, those that sessions still have.
    select
        {{ key }},
        {{ name }}
    from {{ this }}
    where {{ key }} in (select {{ key }} from {{ totals }} where {{ key }} != -1)

    {% endif -%}
    union all

    select
        -1 as {{ key }},
        'Unknown' as {{ name }}

)
{%- endmacro %}
