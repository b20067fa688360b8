{# Empty unless the run carries forward: then the marts take over just this. dim_users is built
   meanwhile: what users are now is said here as there. #}
{%- set columns = [
    'session_id', 'user_key', 'user_id', 'is_unknown_user', 'cohort_start_date', 'country',
    'subscription_type', 'content_key', 'device_key', 'quality_level_key', 'date_key', 'watch_date',
    'watch_duration_minutes', 'completion_percentage', 'is_completed',
] | join(', ') -%}

with viewing_sessions as (

    select * from {{ ref('fct_viewing_sessions') }}
    where {{ is_one_of('session_id', 'select session_id from ' ~ ref('chg_sessions')) }}

),

sessions_now as (

    select
        viewing_sessions.*,
        viewing_sessions.user_key = -1 as is_unknown_user,
        case
            when viewing_sessions.user_key = -1 then 'Unknown'
            else coalesce(user_versions.user_id, taken_over.loaded_user_id, taken_over.user_id)
        end as user_id,
        user_versions.cohort_start_date,
        coalesce(user_versions.country, 'Unknown') as country,
        coalesce(user_versions.subscription_type, 'Unknown') as subscription_type
    from viewing_sessions
    inner join {{ ref('chg_sessions') }} as taken_over
        on viewing_sessions.session_id = taken_over.session_id
    left join {{ ref('int_users_versioned') }} as user_versions
        on viewing_sessions.user_key = user_versions.user_key

),

before_and_now as (

    select
        {{ columns }},
        -1 as change
    from {{ ref('chg_sessions') }}
    where user_key is not null

    union all

    select
        {{ columns }},
        1 as change
    from sessions_now

),

-- What is as it was before is no change, however it came to be taken over.
final as (

    select
        {{ columns }},
        sum(change) as change
    from before_and_now
    group by {{ columns }}
    having sum(change) != 0

)

select * from final
