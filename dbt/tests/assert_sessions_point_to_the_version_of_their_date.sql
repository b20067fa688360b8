-- After the marts, so that no mart waits for this test: {{ ref('mart_user_engagement') }}
-- A session points to the version of its user that was valid on its date, also when either is late.
with sessions as (

    select
        session_id,
        user_key,
        watch_date
    from {{ ref('fct_viewing_sessions') }}

),

user_versions as (

    select
        user_key,
        lookup_from,
        lookup_to
    from {{ ref('int_users_versioned') }}

)

select
    sessions.session_id,
    sessions.watch_date,
    user_versions.lookup_from,
    user_versions.lookup_to
from sessions
inner join user_versions on sessions.user_key = user_versions.user_key
where
    sessions.watch_date < user_versions.lookup_from
    or sessions.watch_date >= user_versions.lookup_to
