with viewing_sessions as (

    select * from {{ ref('int_viewing_sessions_live') }}

),

quality_levels as (

    select distinct quality_level
    from viewing_sessions
    where quality_level is not null

),

final as (

    select
        {{ surrogate_key(['quality_level']) }} as quality_level_key,
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
