with fact as (

    select * from {{ ref('fct_viewing_sessions') }}

),

-- The fact is narrow: finding its few keys there and then one session of each is the short way.
used_keys as (

    select
        quality_level_key,
        min(session_id) as session_id
    from fact
    where quality_level_key != -1
    group by quality_level_key

),

viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}
    where {{ is_one_of('session_id', 'select session_id from used_keys') }}

),

quality_levels as (

    select
        used_keys.quality_level_key,
        viewing_sessions.quality_level
    from used_keys
    inner join viewing_sessions on used_keys.session_id = viewing_sessions.session_id

),

final as (

    select
        quality_level_key,
        quality_level,
        case quality_level
            when 'SD' then 1
            when 'HD' then 2
            when '4K' then 3
            else 0
        end as resolution_rank
    from quality_levels

    union all

    select
        -1 as quality_level_key,
        'Unknown' as quality_level,
        0 as resolution_rank

)

select * from final
