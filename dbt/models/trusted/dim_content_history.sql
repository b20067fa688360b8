with dated as (

    select
        content_id,
        title,
        rating,
        catalogue_views,
        is_available,
        cast(dbt_valid_from as date) as valid_from,
        cast(dbt_valid_to as date) as valid_to
    from {{ ref('content_snapshot') }}

),

-- Of several changes on one date the last one counts: the others have valid_from = valid_to.
numbered as (

    select
        *,
        row_number() over (partition by content_id order by valid_from) as version_number
    from dated
    where valid_from < valid_to

)

select
    {{ surrogate_key(['content_id', 'version_number']) }} as content_version_key,
    {{ surrogate_key(['content_id']) }} as content_key,
    coalesce(title, 'Unknown') as title,
    rating,
    catalogue_views,
    is_available,
    valid_from,
    valid_to,
    valid_to = cast('9999-12-31' as date) as is_current
from numbered
