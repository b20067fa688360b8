-- Beside the marts, so that they need not wait for it: {{ ref('mart_user_engagement') }}
-- A live user has exactly one current version, a deleted one has none.
with users as (

    select
        user_id,
        case when is_deleted then 0 else 1 end as expected_versions
    from {{ ref('stg_postgres__users') }}

),

-- A deleted user may come back as an inferred member when sessions still name it.
current_versions as (

    select
        user_id,
        count(*) as versions
    from {{ ref('dim_users') }}
    where is_current and not is_inferred and user_key != -1
    group by user_id

)

select
    users.user_id,
    users.expected_versions,
    current_versions.versions
from users
left join current_versions on users.user_id = current_versions.user_id
where users.expected_versions != coalesce(current_versions.versions, 0)
