-- Every live session of the source is in the fact, and nothing else is.
with staged as (

    select session_id
    from {{ ref('stg_postgres__viewing_sessions') }}
    where not is_deleted

),

fact as (

    select session_id from {{ ref('fct_viewing_sessions') }}

)

select
    staged.session_id as staged_session_id,
    fact.session_id as fact_session_id
from staged
full outer join fact on staged.session_id = fact.session_id
where staged.session_id is null or fact.session_id is null
