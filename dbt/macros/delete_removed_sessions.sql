{# Take sessions that the source deleted out of the fact. It runs before the merge, while the fact's
   newest stamp still tells what the previous run had seen; both are one transaction. #}
{% macro delete_removed_sessions() -%}
    {#- Outside of the condition, so that dbt sees the dependency when it parses. -#}
    {%- set viewing_sessions = ref('stg_postgres__viewing_sessions') -%}
    {%- set taken_over = ref('chg_sessions') -%}
    {%- if carries_forward() -%}
        delete from {{ this }}
        where {{ is_one_of('session_id', 'select session_id from ' ~ taken_over ~ ' where is_deleted') }}
    {%- elif is_incremental() -%}
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

{# The newest load stamp in a table; older than any load when there is none. #}
{% macro latest_stamp(column) -%}
    coalesce(max({{ column }}), cast('1900-01-01' as timestamp))
{%- endmacro %}
