-- The calendar runs from a 1 January to a 31 December without a gap.
with calendar as (

    select
        min(date) as first_date,
        max(date) as last_date,
        count(*) as days
    from {{ ref('dim_dates') }}

)

select *
from calendar
where
    days > 0
    and (
        extract(month from first_date) != 1
        or extract(day from first_date) != 1
        or extract(month from last_date) != 12
        or extract(day from last_date) != 31
        or days != {{ datediff('first_date', 'last_date', 'day') }} + 1
    )
