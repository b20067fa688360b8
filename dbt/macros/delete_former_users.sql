{# Pre-hook of an incremental table: empty it, unless the run carries forward. #}
{% macro delete_unless_carried() -%}
    {%- if is_incremental() and not carries_forward() -%}
        delete from {{ this }}
    {%- endif -%}
{%- endmacro %}

{# Pre-hook of dim_users: delete former versions and inferred users without sessions. #}
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

{# Post-hook of mart_user_engagement, whose merge still reads its former rows: delete the versions
   that are no longer the latest of a user. #}
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
