{{ config(pre_hook="{{ touch_months_of_users() }}") }}

{% set age_bands = [
    ('Under 18', 18), ('18-24', 25), ('25-34', 35), ('35-44', 45), ('45-54', 55), ('55-64', 65),
] %}

with inferred_users as (

    {{ inferred_members(
        'user_key', 'user_id', ref('tot_user_versions'), ref('int_users_versioned')
    ) }}

),

members as (

    select
        user_key,
        user_id,
        age,
        country,
        subscription_type,
        previous_subscription_type,
        registration_date,
        cohort_start_date,
        total_watch_time_hours,
        valid_from,
        valid_to,
        is_latest,
        false as is_inferred
    from {{ ref('int_users_versioned') }}

    union all

    select
        user_key,
        user_id,
        null as age,
        null as country,
        null as subscription_type,
        null as previous_subscription_type,
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
        null as previous_subscription_type,
        null as registration_date,
        null as cohort_start_date,
        null as total_watch_time_hours,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to,
        true as is_latest,
        false as is_inferred

)

select
    user_key,
    user_id,
    age,
    case
        when age < 0 or age is null then 'Unknown'
        {% for band, end in age_bands -%}
            when age < {{ end }} then '{{ band }}'
        {% endfor -%}
        else '65+'
    end as age_band,
    case
        when age < 0 or age is null then {{ age_bands | length + 2 }}
        {% for band, end in age_bands -%}
            when age < {{ end }} then {{ loop.index }}
        {% endfor -%}
        else {{ age_bands | length + 1 }}
    end as age_band_order,
    coalesce(country, 'Unknown') as country,
    coalesce(subscription_type, 'Unknown') as subscription_type,
    previous_subscription_type,
    registration_date,
    cohort_start_date,
    cast(total_watch_time_hours as numeric(12, 2)) as total_watch_time_hours,
    valid_from,
    valid_to,
    valid_to = cast('9999-12-31' as date) as is_current,
    is_latest,
    is_inferred
from members
