-- Every title of the catalogue has an open version, with the same values as in dim_content.
with content as (

    select * from {{ ref('dim_content') }}
    where content_key != -1 and not is_inferred

),

open_versions as (

    select * from {{ ref('dim_content_history') }}
    where is_current

)

select
    content.content_key,
    content.rating,
    open_versions.rating as open_rating,
    content.catalogue_views,
    open_versions.catalogue_views as open_views
from content
left join open_versions on content.content_key = open_versions.content_key
where
    open_versions.content_key is null
    or content.is_available != open_versions.is_available
    or coalesce(content.rating, -1) != coalesce(open_versions.rating, -1)
    or coalesce(content.catalogue_views, -1) != coalesce(open_versions.catalogue_views, -1)
