-- After the marts, so that no mart waits for this test: {{ ref('mart_user_engagement') }}
-- A live user has exactly one current version, a deleted user has none.
with users as (

    select
        user_id,
        case when is_deleted then 0 else 1 end as expected_versions
    from {{ ref('stg_postgres__users') }}

),

-- A deleted user may be an inferred member when sessions still name them.
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
