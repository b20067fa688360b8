{# The versions that dim_users takes over in a run that carries forward; else empty. #}
{%- set built_users = source('built_star', 'dim_users') -%}
{%- set columns = [
    'user_key', 'user_id', 'age', 'registration_date', 'cohort_start_date', 'total_watch_time_hours',
    'valid_from', 'valid_to', 'is_latest',
] | join(', ') -%}

with versions_now as (

    select
        {{ columns }},
        coalesce(country, 'Unknown') as country,
        coalesce(subscription_type, 'Unknown') as subscription_type
    from {{ ref('int_users_versioned') }}
    {% if not carries_forward() -%}
        where false
    {%- endif %}

),

{% if carries_forward() %}
    versions_before as (

        select
            {{ columns }},
            country,
            subscription_type
        from {{ built_users }}
        where
            user_key != -1
            and not is_inferred

    ),

    versions_to_write as (

        select * from versions_now

        except

        select * from versions_before

    ),

    final as (

        select
            user_key,
            user_id,
            false as is_gone
        from versions_to_write

        union all

        select
            versions_before.user_key,
            versions_before.user_id,
            true as is_gone
        from versions_before
        left join versions_now on versions_before.user_key = versions_now.user_key
        where versions_now.user_key is null

    )
{% else %}
    final as (

        select
            user_key,
            user_id,
            false as is_gone
        from versions_now

    )
{% endif %}

select * from final
