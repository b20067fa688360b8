with viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}

),

device_types as (

    select distinct device_type
    from viewing_sessions
    where device_type is not null

),

final as (

    select
        {{ surrogate_key(['device_type']) }} as device_key,
        device_type
    from device_types

    union all

    select
        -1 as device_key,
        'Unknown' as device_type

)

select * from final
