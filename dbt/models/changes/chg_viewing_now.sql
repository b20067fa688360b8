{# All columns of the fact are in one of its indexes, so PostgreSQL reads the index alone. #}
with changes as (

    select * from {{ ref('chg_viewing') }}

),

changed_users as (

    select distinct
        user_id,
        is_unknown_user
    from changes

),

user_versions as (

    select
        users.user_key,
        users.user_id,
        false as is_unknown_user,
        users.cohort_start_date,
        coalesce(users.country, 'Unknown') as country
    from {{ ref('int_users_versioned') }} as users
    inner join changed_users
        on
            users.user_id = changed_users.user_id
            and not changed_users.is_unknown_user

    union all

    -- Inferred users have one version, and a row in the changes when any session of theirs changed.
    select distinct
        changes.user_key,
        changes.user_id,
        changes.is_unknown_user,
        cast(null as date) as cohort_start_date,
        'Unknown' as country
    from changes
    left join {{ ref('int_users_versioned') }} as users on changes.user_key = users.user_key
    where users.user_key is null

),

-- Whether a user still counts in a day, week, month or title depends on their other sessions in it.
near_changes as (

    select
        user_versions.*,
        viewing_sessions.content_key,
        viewing_sessions.watch_date,
        1 as sessions
    from {{ ref('fct_viewing_sessions') }} as viewing_sessions
    inner join user_versions on viewing_sessions.user_key = user_versions.user_key
    where exists (
        select 1
        from changes
        where
            user_versions.user_id = changes.user_id
            and user_versions.is_unknown_user = changes.is_unknown_user
            and (
                viewing_sessions.content_key = changes.content_key
                or abs(
                    {{ datediff('viewing_sessions.watch_date', 'changes.watch_date', 'day') }}
                ) <= 31
            )
    )

),

-- Whether a user still counts in a country depends on all sessions of their versions there.
version_totals as (

    select
        user_versions.user_key,
        user_versions.user_id,
        user_versions.is_unknown_user,
        user_versions.cohort_start_date,
        user_versions.country,
        cast(null as bigint) as content_key,
        cast(null as date) as watch_date,
        (
            select count(*)
            from {{ ref('fct_viewing_sessions') }} as viewing_sessions
            where viewing_sessions.user_key = user_versions.user_key
        ) as sessions
    from user_versions

),

final as (

    select * from near_changes

    union all

    select * from version_totals

)

select * from final
