{# Incremental, because a day changes few versions. #}
{{
    config(
        materialized='incremental',
        incremental_strategy='merge',
        unique_key='user_key',
        on_schema_change='fail',
        pre_hook=["{{ delete_unless_carried() }}", "{{ delete_former_users() }}"]
    )
}}

{%- set changed_users = ref('chg_users') -%}
{%- set changes = ref('chg_viewing') -%}

with all_user_versions as (

    select * from {{ ref('int_users_versioned') }}

),

{% if carries_forward() %}
    user_versions as (

        select all_user_versions.*
        from all_user_versions
        inner join {{ changed_users }} as changed_users
            on all_user_versions.user_key = changed_users.user_key

    ),

    -- Users whom new sessions name, or who lost their only version.
    keys_to_look_at as (

        select
            user_key,
            user_id
        from {{ changes }}
        where
            change = 1
            and user_key != -1

        union

        select
            user_key,
            user_id
        from {{ changed_users }}
        where is_gone

    ),

    inferred_users as (

        select
            keys_to_look_at.user_key,
            keys_to_look_at.user_id
        from keys_to_look_at
        left join all_user_versions on keys_to_look_at.user_key = all_user_versions.user_key
        where
            all_user_versions.user_key is null
            and exists (
                select 1
                from {{ ref('fct_viewing_sessions') }} as fact
                where fact.user_key = keys_to_look_at.user_key
            )

    ),
{% else %}
    user_versions as (

        select * from all_user_versions

    ),

    inferred_users as (

        {{ inferred_members('user_key', 'user_id', ref('fct_viewing_sessions'), 'user_versions') }}

    ),
{% endif %}

members as (

    select
        user_key,
        user_id,
        age,
        country,
        subscription_type,
        registration_date,
        cohort_start_date,
        total_watch_time_hours,
        valid_from,
        valid_to,
        is_latest,
        false as is_inferred
    from user_versions

    union all

    select
        user_key,
        user_id,
        null as age,
        null as country,
        null as subscription_type,
        null as registration_date,
        null as cohort_start_date,
        null as total_watch_time_hours,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        true as is_latest,
        true as is_inferred
    from inferred_users

    union all

    select
        -1 as user_key,
        'Unknown' as user_id,
        null as age,
        null as country,
        null as subscription_type,
        null as registration_date,
        null as cohort_start_date,
        null as total_watch_time_hours,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        true as is_latest,
        false as is_inferred

),

final as (

    select
        user_key,
        user_id,
        age,
        case
            when age < 0 or age is null then 'Unknown'
            when age < 18 then 'Under 18'
            when age < 25 then '18-24'
            when age < 35 then '25-34'
            when age < 45 then '35-44'
            when age < 55 then '45-54'
            when age < 65 then '55-64'
            else '65+'
        end as age_band,
        coalesce(country, 'Unknown') as country,
        coalesce(subscription_type, 'Unknown') as subscription_type,
        registration_date,
        cohort_start_date,
        cast(total_watch_time_hours as numeric(12, 2)) as total_watch_time_hours,
        valid_from,
        valid_to,
        valid_to = cast('9999-12-31' as date) as is_current,
        is_latest,
        is_inferred
    from members

)

select * from final
