{# Members that sessions name and the source does not have: the keys of `used` without a row in
   `known`, each with the id that one of its sessions names. #}
{% macro inferred_members(key, id, used, known) -%}
    with missing_keys as (

        select distinct used.{{ key }}
        from {{ used }} as used
        left join {{ known }} as known on used.{{ key }} = known.{{ key }}
        where
            used.{{ key }} != -1
            and known.{{ key }} is null

    ),

    one_session as (

        select
            {{ key }},
            min(session_id) as session_id
        from {{ ref('fct_viewing_sessions') }}
        where {{ key }} in (select missing_keys.{{ key }} from missing_keys)
        group by {{ key }}

    ),

    named_sessions as (

        select * from {{ ref('int_viewing_sessions_live') }}
        where {{ is_one_of('session_id', 'select session_id from one_session') }}

    )

    select
        one_session.{{ key }},
        named_sessions.{{ id }}
    from one_session
    inner join named_sessions on one_session.session_id = named_sessions.session_id
{%- endmacro %}
