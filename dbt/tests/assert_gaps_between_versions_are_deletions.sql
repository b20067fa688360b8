-- After the marts, so that no mart waits for this test: {{ ref('mart_user_engagement') }}
-- A gap between two versions of a user is a time in which the source had deleted the user.
with gaps as (

    select
        user_id,
        valid_to as gap_from,
        lead(valid_from) over (partition by user_id order by valid_from) as gap_to
    from {{ ref('dim_users') }}
    where user_key != -1

),

deletions as (

    select
        user_id,
        cast(dbt_valid_from as date) as deleted_from,
        cast(dbt_valid_to as date) as deleted_to
    from {{ ref('users_snapshot') }}
    where is_deleted

)

select
    gaps.user_id,
    gaps.gap_from,
    gaps.gap_to
from gaps
left join deletions
    on
        gaps.user_id = deletions.user_id
        and gaps.gap_from >= deletions.deleted_from
        and gaps.gap_to <= deletions.deleted_to
where
    gaps.gap_from < gaps.gap_to
    and deletions.user_id is null
