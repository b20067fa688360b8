-- The age is that at the date of the row, in full years: 20240901 - 19900315 = 340586, so 34.
select
    cast(customer_id as {{ type_string() }}) as user_id,
    {{ trimmed('country_code') }} as country,
    initcap({{ trimmed('plan') }}) as subscription_type,
    cast(
        floor(({{ date_key('_as_of') }} - {{ date_key('birth_date') }}) / 10000.0) as integer
    ) as age,
    cast(minutes_watched / 60.0 as numeric(12, 2)) as total_watch_time_hours,
    _deleted_at is not null as is_deleted,
    cast({{ utc_timestamp('signup_at') }} as date) as registration_date,
    _as_of as as_of,
    {{ utc_timestamp('signup_at') }} as created_at,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('example', 'postgres_customers') }}
