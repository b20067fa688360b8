with user_versions as (

    select * from {{ ref('int_users_versioned') }}

),

fact as (

    {{ sessions_with_new_keys('user_key') }}

),

-- Keys of the fact without a version, and one session of each, which has the id.
missing_keys as (

    select
        fact.user_key,
        min(fact.session_id) as session_id
    from fact
    left join user_versions on fact.user_key = user_versions.user_key
    where
        fact.user_key != -1
        and user_versions.user_key is null
    group by fact.user_key

),

viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}
    where {{ is_one_of('session_id', 'select session_id from missing_keys') }}

),

inferred_users as (

    select
        missing_keys.user_key,
        viewing_sessions.user_id
    from missing_keys
    inner join viewing_sessions on missing_keys.session_id = viewing_sessions.session_id

),

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
        total_watch_time_hours,
        valid_from,
        valid_to,
        valid_to = cast('9999-12-31' as date) as is_current,
        is_latest,
        is_inferred
    from members

)

select * from final
