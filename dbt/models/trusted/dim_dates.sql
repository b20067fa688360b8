{% set month_names = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
    'October', 'November', 'December',
] %}
{% set day_names = [
    'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday',
] %}

with bounds as (

    select
        min(earliest_date) as earliest_date,
        max(latest_date) as latest_date
    from (
        select
            min(least(registration_date, as_of)) as earliest_date,
            max(greatest(registration_date, as_of)) as latest_date
        from {{ ref('stg_postgres__users') }}

        union all

        select
            min(as_of) as earliest_date,
            max(as_of) as latest_date
        from {{ ref('int_content_unioned') }}

        union all

        select
            min(watch_date) as earliest_date,
            max(watch_date) as latest_date
        from {{ ref('fct_viewing_sessions') }}
    ) as date_ranges

),

all_years as (

    {{ generate_series(9999) }}

),

days_of_year as (

    {{ generate_series(366) }}

),

years as (

    select all_years.generated_number as year_number
    from all_years
    cross join bounds
    where
        all_years.generated_number >= extract(year from bounds.earliest_date)
        and all_years.generated_number <= extract(year from bounds.latest_date)

),

days as (

    select
        years.year_number,
        cast(
            {{ dateadd(
                'day', '(days_of_year.generated_number - 1)',
                dateadd('year', '(years.year_number - 1)', "cast('0001-01-01' as date)")
            ) }} as date
        ) as date_day
    from years
    cross join days_of_year

),

calendar as (

    select
        date_day,
        {{ period_start('week', 'date_day') }} as week_start_date,
        cast(extract(month from date_day) as integer) as month_number,
        -- 0001-01-01 was a Monday.
        cast(
            mod({{ datediff("cast('0001-01-01' as date)", 'date_day', 'day') }}, 7) + 1 as integer
        ) as day_number
    from days
    where extract(year from date_day) = year_number

)

select
    {{ date_key('date_day') }} as date_key,
    date_day as date,
    cast(extract(year from date_day) as integer) as year,
    cast(extract(quarter from date_day) as integer) as quarter,
    month_number as month,
    case month_number
        {% for month_name in month_names -%}
            when {{ loop.index }} then '{{ month_name }}'
        {% endfor %}
    end as month_name,
    {{ period_start('month', 'date_day') }} as month_start_date,
    cast(extract(week from date_day) as integer) as week,
    -- An ISO week is in the year of its Thursday.
    cast(extract(year from {{ dateadd('day', 3, 'week_start_date') }}) as integer) as iso_year,
    week_start_date,
    day_number as day_of_week,
    case day_number
        {% for day_name in day_names -%}
            when {{ loop.index }} then '{{ day_name }}'
        {% endfor %}
    end as day_name,
    day_number >= 6 as is_weekend
from calendar
