-- The newest month counts every current user with their current plan.
with newest_month as (

    select max(month_start_date) as month_start_date
    from {{ ref('mart_monthly_plan_mix') }}

),

plan_mix as (

    select
        monthly_plan_mix.subscription_type,
        monthly_plan_mix.users
    from {{ ref('mart_monthly_plan_mix') }} as monthly_plan_mix
    inner join newest_month on monthly_plan_mix.month_start_date = newest_month.month_start_date

),

current_users as (

    select
        subscription_type,
        count(*) as users
    from {{ ref('dim_users') }}
    where
        is_current
        and not is_inferred
        and user_key != -1
    group by subscription_type

)

select
    plan_mix.subscription_type as counted_type,
    plan_mix.users as counted_users,
    current_users.subscription_type,
    current_users.users
from plan_mix
full outer join current_users on plan_mix.subscription_type = current_users.subscription_type
where coalesce(plan_mix.users, 0) != coalesce(current_users.users, 0)
