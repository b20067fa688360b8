{# Members that sessions name and the source does not have: the keys without a row in `known`, each
   with the id that one of its sessions names. #}
{% macro inferred_members(key, id, known) -%}
    with missing_keys as (

        select
            sessions.{{ key }},
            min(sessions.session_id) as session_id
        from {{ ref('fct_viewing_sessions') }} as sessions
        left join {{ known }} as known on sessions.{{ key }} = known.{{ key }}
        where
            sessions.{{ key }} != -1
            and known.{{ key }} is null
        group by sessions.{{ key }}

    ),

    named_sessions as (

        select * from {{ ref('int_viewing_sessions_live') }}
        where {{ is_one_of('session_id', 'select session_id from missing_keys') }}

    )

    select
        missing_keys.{{ key }},
        named_sessions.{{ id }}
    from missing_keys
    inner join named_sessions on missing_keys.session_id = named_sessions.session_id
{%- endmacro %}
