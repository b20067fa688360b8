{# The versions of users of newer loads, each with the dates that find it. No date finds a version
   that was withdrawn on the day it began; its number is the next one after the last. #}
{% macro changed_versions() -%}
    select
        user_key,
        lookup_from,
        lookup_to
    from {{ ref('int_users_versioned') }}
    where user_loaded_at > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})

    union all

    select
        {{ surrogate_key(['user_id', 'version_number + 1']) }} as user_key,
        cast('9999-12-31' as date) as lookup_from,
        cast('9999-12-31' as date) as lookup_to
    from {{ ref('int_users_versioned') }}
    where
        is_latest
        and user_loaded_at > (select {{ latest_stamp('_user_loaded_at') }} from {{ this }})
{%- endmacro %}

{# The keys of changed users that have sessions which now belong to another version. An index of the
   fact has all that it takes; most changed users have none, so their sessions need not be read. #}
{% macro keys_with_moved_sessions() -%}
    {%- set keys = 'select changed.user_key from (' ~ changed_versions() ~ ') as changed' -%}
    select moved.user_key
    from {{ this }} as moved
    inner join ({{ changed_versions() }}) as versions on moved.user_key = versions.user_key
    where
        {{ is_one_of('moved.user_key', keys) }}
        and (moved.watch_date < versions.lookup_from or moved.watch_date >= versions.lookup_to)
{%- endmacro %}

{# The sessions that the fact has to write: those of newer loads, and those of changed users that
   now belong to another version. Strictly newer is enough: rows of a load share a timestamp and
   become visible together. Of a user who has no version left, sessions keep their key. #}
{% macro sessions_to_write() -%}
    select session_id
    from {{ ref('stg_postgres__viewing_sessions') }}
    where
        not is_deleted
        and loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})

    union all

    select written.session_id
    from {{ this }} as written
    inner join ({{ changed_versions() }}) as versions on written.user_key = versions.user_key
    where
        {{ is_one_of('written.user_key', keys_with_moved_sessions()) }}
        and (written.watch_date < versions.lookup_from or written.watch_date >= versions.lookup_to)
{%- endmacro %}

{# The sessions that the source deleted since the fact was built. #}
{% macro sessions_to_delete() -%}
    select session_id
    from {{ ref('stg_postgres__viewing_sessions') }}
    where
        is_deleted
        and loaded_at > (select {{ latest_stamp('_loaded_at') }} from {{ this }})
{%- endmacro %}

{# Pre-hook of the fact: delete what the source deleted. #}
{% macro delete_removed_sessions() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set removed = sessions_to_delete() -%}
    {%- if is_incremental() -%}
        {{ delete_where('session_id', is_one_of('session_id', removed)) }}
    {%- endif -%}
{%- endmacro %}

{# The newest load timestamp in a table; 1900-01-01 in an empty one. #}
{% macro latest_stamp(column) -%}
    coalesce(max({{ column }}), cast('1900-01-01' as timestamp))
{%- endmacro %}
