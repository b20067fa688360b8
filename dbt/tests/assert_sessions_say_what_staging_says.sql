-- A session has the user, title, device, quality and date of its row in staging. The fact has
-- hashes of names; here the names themselves are compared. The id of the user is in the fact and in
-- the version that the fact points to.
with sessions as (

    select
        session_id,
        user_key,
        coalesce(user_id, 'Unknown') as user_id,
        content_key,
        device_key,
        quality_level_key,
        watch_date
    from {{ ref('fct_viewing_sessions') }}
    where {{ may_be_new('date_key') }}

),

named as (

    select
        sessions.session_id,
        sessions.user_id,
        users.user_id as versions_user_id,
        content.content_id,
        devices.device_type,
        quality_levels.quality_level,
        sessions.watch_date
    from sessions
    left join {{ ref('dim_users') }} as users on sessions.user_key = users.user_key
    left join {{ ref('dim_content') }} as content on sessions.content_key = content.content_key
    left join {{ ref('dim_devices') }} as devices on sessions.device_key = devices.device_key
    left join {{ ref('dim_quality_levels') }} as quality_levels
        on sessions.quality_level_key = quality_levels.quality_level_key

),

staged as (

    select
        session_id,
        coalesce(user_id, 'Unknown') as user_id,
        coalesce(content_id, 'Unknown') as content_id,
        coalesce(device_type, 'Unknown') as device_type,
        coalesce(quality_level, 'Unknown') as quality_level,
        watch_date
    from {{ ref('int_viewing_sessions_live') }}

)

select
    named.session_id,
    named.user_id,
    named.versions_user_id,
    staged.user_id as staged_user_id,
    named.content_id,
    staged.content_id as staged_content_id,
    named.device_type,
    staged.device_type as staged_device_type,
    named.quality_level,
    staged.quality_level as staged_quality_level,
    named.watch_date,
    staged.watch_date as staged_watch_date
from named
inner join staged on named.session_id = staged.session_id
where
    named.user_id != staged.user_id
    or named.versions_user_id is null
    or named.versions_user_id != staged.user_id
    or named.content_id is null
    or named.content_id != staged.content_id
    or named.device_type is null
    or named.device_type != staged.device_type
    or named.quality_level is null
    or named.quality_level != staged.quality_level
    or named.watch_date != staged.watch_date
