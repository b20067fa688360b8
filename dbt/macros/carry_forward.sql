{# Sessions with the attributes of their users that the marts group by. #}
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

{# The sessions to add to the sums of a mart (`change` = 1) or to subtract from them (-1). In a run
   that does not carry forward: every session of the fact, with 1. #}
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

{# The same for marts in which a user counts once per group, with `sessions`: the number of sessions
   that changed users have in the group now. `same` compares the groups; see users_to_add. #}
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

{# What a user adds to the number of users of a group: 1 with sessions now, less 1 with sessions
   before. Example: 2 sessions now and a change of 2, so 0 before: the user adds 1. #}
{% macro users_to_add() -%}
    case when sum(sessions) > 0 then 1 else 0 end
    - case when sum(sessions) > sum(change) then 1 else 0 end
{%- endmacro %}

{# The sessions that the fact has to write. Most sessions of a changed user still belong to the same
   version. Of a user who has no version left, sessions keep the key that they have. #}
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

{# Keys and names of a dimension that has no source but the sessions, such as devices. It is fast to
   find the few keys in the narrow fact, and then the name in one session of each key. #}
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

    -- Existing members that sessions still use.
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
