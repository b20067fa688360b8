{# A table, because it sorts all versions, and the fact, dim_users and their tests read it. #}
{{
    config(
        materialized='table',
        post_hook={'sql': '{{ refresh_statistics() }}', 'transaction': false}
    )
}}

with dated as (

    select
        user_id,
        age,
        country,
        subscription_type,
        registration_date,
        is_deleted,
        cast(dbt_valid_from as date) as valid_from,
        cast(dbt_valid_to as date) as valid_to,
        -- Including deleted and overwritten versions: they move sessions to another version.
        max(loaded_at) over (partition by user_id) as user_loaded_at
    from {{ ref('users_snapshot') }}

),

-- Of several changes on one date the last one counts: the others have valid_from = valid_to.
numbered as (

    select
        *,
        row_number() over (partition by user_id order by valid_from) as version_number,
        lead(valid_from) over (partition by user_id order by valid_from) as next_valid_from,
        lag(subscription_type) over (
            partition by user_id order by valid_from
        ) as former_subscription_type,
        first_value(registration_date) over (
            partition by user_id order by valid_from desc
        ) as latest_registration_date
    from dated
    where
        valid_from < valid_to
        and not is_deleted

)

select
    {{ surrogate_key(['numbered.user_id', 'numbered.version_number']) }} as user_key,
    numbered.user_id,
    numbered.version_number,
    numbered.age,
    numbered.country,
    numbered.subscription_type,
    case
        when numbered.former_subscription_type != numbered.subscription_type
            then numbered.former_subscription_type
    end as previous_subscription_type,
    numbered.registration_date,
    {{ period_start('month', 'numbered.latest_registration_date') }} as cohort_start_date,
    users.total_watch_time_hours,
    case
        when numbered.version_number = 1
            then least(numbered.valid_from, numbered.registration_date)
        else numbered.valid_from
    end as valid_from,
    numbered.valid_to,
    numbered.next_valid_from is null as is_latest,
    -- Every date finds one version: before the first the first, in a gap the one before it.
    case
        when numbered.version_number = 1 then cast('0001-01-01' as date)
        else numbered.valid_from
    end as lookup_from,
    coalesce(numbered.next_valid_from, cast('9999-12-31' as date)) as lookup_to,
    numbered.user_loaded_at
from numbered
left join {{ ref('stg_postgres__users') }} as users on numbered.user_id = users.user_id
