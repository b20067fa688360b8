with fact as (

    select * from {{ ref('fct_viewing_sessions') }}

),

-- The fact is narrow: finding its few keys there and then one session of each is the short way.
used_keys as (

    select
        device_key,
        min(session_id) as session_id
    from fact
    where device_key != -1
    group by device_key

),

viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}
    where {{ is_one_of('session_id', 'select session_id from used_keys') }}

),

device_types as (

    select
        used_keys.device_key,
        viewing_sessions.device_type
    from used_keys
    inner join viewing_sessions on used_keys.session_id = viewing_sessions.session_id

),

final as (

    select
        device_key,
        device_type
    from device_types

    union all

    select
        -1 as device_key,
        'Unknown' as device_type

)

select * from final
