{# Before a table is merged of which the run writes all rows, unless it carries forward. #}
{% macro delete_unless_carried() -%}
    {%- if is_incremental() and not carries_forward() -%}
        delete from {{ this }}
    {%- endif -%}
{%- endmacro %}

{# Before dim_users is merged: versions that are no longer, and inferred users without sessions. #}
{% macro delete_former_users() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set viewing_sessions = ref('fct_viewing_sessions') -%}
    {%- set changed_users = ref('chg_users') -%}
    {%- if carries_forward() -%}
        delete from {{ this }} as users
        where
            users.user_key in (select user_key from {{ changed_users }} where is_gone)
            or (
                users.is_inferred
                and not exists (
                    select 1
                    from {{ viewing_sessions }} as viewing_sessions
                    where viewing_sessions.user_key = users.user_key
                )
            )
    {%- endif -%}
{%- endmacro %}

{# After mart_user_engagement is merged, which reads its former rows: users who have another latest
   version now, or none. #}
{% macro delete_former_latest_versions() -%}
    {%- set users = ref('dim_users') -%}
    {%- if carries_forward() -%}
        delete from {{ this }} as former
        where not exists (
            select 1
            from {{ users }} as users
            where
                users.user_key = former.user_key
                and users.is_latest
        )
    {%- endif -%}
{%- endmacro %}
