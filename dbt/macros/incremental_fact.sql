{# Pre-hook of the fact: delete sessions that the source deleted. #}
{% macro delete_removed_sessions() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set viewing_sessions = ref('stg_postgres__viewing_sessions') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where session_id in (
            select session_id
            from {{ viewing_sessions }}
            where
                is_deleted
                and loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
        )
    {%- endif -%}
{%- endmacro %}

{# The newest load timestamp in a table; 1900-01-01 in an empty one. #}
{% macro latest_stamp(column) -%}
    coalesce(max({{ column }}), cast('1900-01-01' as timestamp))
{%- endmacro %}
