{{ members_of_sessions('quality_level_key', 'quality_level') }}

select
    quality_level_key,
    quality_level,
    case quality_level
        when 'SD' then 1
        when 'HD' then 2
        when '4K' then 3
        else 0
    end as resolution_rank
from final
