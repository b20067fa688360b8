{# What the marts take over in a run that carries forward; else empty. dim_users reads this model to
   infer users and is built later, so the attributes of users are computed here in the same way. #}
{%- set of_fact = [
    'session_id', 'user_key', 'content_key', 'device_key', 'quality_level_key', 'date_key',
    'watch_date', 'watch_duration_minutes', 'completion_percentage', 'is_completed',
] -%}
{%- set of_user = [
    'user_id', 'is_unknown_user', 'cohort_start_date', 'country', 'subscription_type',
] -%}
{%- set columns = (of_fact + of_user) | join(', ') -%}

with taken_over as (

    select * from {{ ref('chg_sessions') }}

),

sessions_to_write as (

    {{ sessions_to_write() }}

),

viewing_sessions as (

    select
        {{ of_fact | join(', ') }}
    from {{ ref('fct_viewing_sessions') }}
    where {{ is_one_of('session_id', 'select session_id from sessions_to_write') }}

    union all

    -- Sessions that the fact does not write: it has them with the same values.
    select
        taken_over.{{ of_fact | join(', taken_over.') }}
    from taken_over
    left join sessions_to_write on taken_over.session_id = sessions_to_write.session_id
    where
        not taken_over.is_deleted
        and sessions_to_write.session_id is null

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
    inner join taken_over on viewing_sessions.session_id = taken_over.session_id
    left join {{ ref('int_users_versioned') }} as user_versions
        on viewing_sessions.user_key = user_versions.user_key

),

before_and_now as (

    select
        {{ columns }},
        -1 as change
    from taken_over
    where user_key is not null

    union all

    select
        {{ columns }},
        1 as change
    from sessions_now

),

-- A session with the same values before and now has the sum 0 and is no change.
final as (

    select
        {{ columns }},
        sum(change) as change
    from before_and_now
    group by {{ columns }}
    having sum(change) != 0

)

select * from final
