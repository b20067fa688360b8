{# The months whose sessions changed since the marts by month were counted: a table in the star's
   schema, so that each copy of the star has its own. The fact and dim_users add to it in the
   transaction in which they change; a whole build that passes all tests drops it. After a build
   that failed, was killed or left models out the next one counts these months again, which gives
   the same rows. The month 0 stands for all months. #}
{% macro touched_months() -%}
    {{ var('trusted_schema') }}.touched_months
{%- endmacro %}

{# on-run-start. #}
{% macro create_touched_months() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        create table if not exists {{ touched_months() }} (month_date_key integer)
    {%- endif -%}
{%- endmacro %}

{# on-run-end. #}
{% macro forget_touched_months(results) -%}
    {%- if execute and flags.WHICH == 'build' and built_whole_star(results) -%}
        {{ forget_rows(touched_months()) }}
    {%- endif -%}
{%- endmacro %}

{# Whether all models were built and no test failed; a second attempt builds the rest of them. #}
{% macro built_whole_star(results) -%}
    {%- set good = ('success', 'pass', 'warn', 'no-op') -%}
    {%- set bad = [] -%}
    {%- set built = [] -%}
    {%- for result in results -%}
        {%- if result.status | string not in good -%}{%- do bad.append(result) -%}{%- endif -%}
        {%- if result.node.resource_type == 'model' -%}{%- do built.append(result) -%}{%- endif -%}
    {%- endfor -%}
    {%- set nodes = graph.nodes.values() -%}
    {%- set models = nodes | selectattr('resource_type', 'equalto', 'model') | list -%}
    {{ return(not bad and (resumes() or built | length == models | length)) }}
{%- endmacro %}

{# Date key of the first day of a date key's month: 20240317 - 17 + 1 = 20240301. #}
{% macro month_date_key(date_key) -%}
    {{ date_key }} - mod({{ date_key }}, 100) + 1
{%- endmacro %}

{# Pre-hook of the fact: the months of the sessions that it is about to write or delete, as it has
   them and as they are now. #}
{% macro touch_months_of_sessions() -%}
    {#- Outside of the condition, so that dbt sees the dependencies when it parses. -#}
    {%- set written = sessions_to_write() -%}
    {%- set removed = sessions_to_delete() -%}
    {%- set live_sessions = ref('int_viewing_sessions_live') -%}
    insert into {{ touched_months() }}
    {% if is_incremental() %}
        select {{ month_date_key('date_key') }}
        from {{ this }}
        where {{ is_one_of('session_id', written) }}
        group by {{ month_date_key('date_key') }}

        union

        select {{ month_date_key('date_key') }}
        from {{ this }}
        where {{ is_one_of('session_id', removed) }}
        group by {{ month_date_key('date_key') }}

        union

        select {{ date_key(period_start('month', 'watch_date')) }}
        from {{ live_sessions }}
        where {{ is_one_of('session_id', written) }}
        group by {{ period_start('month', 'watch_date') }}
    {%- else -%}
        select 0
    {%- endif %}
{%- endmacro %}

{# Pre-hook of dim_users: the months with sessions of versions whose country, plan or cohort
   changes. #}
{% macro touch_months_of_users() -%}
    {%- set viewing_sessions = ref('fct_viewing_sessions') -%}
    {%- set versions = ref('int_users_versioned') -%}
    insert into {{ touched_months() }}
    {% if load_relation(this) is not none and not flags.FULL_REFRESH -%}
        select {{ month_date_key('viewing_sessions.date_key') }}
        from {{ this }} as former
        inner join {{ viewing_sessions }} as viewing_sessions
            on former.user_key = viewing_sessions.user_key
        left join {{ versions }} as versions on former.user_key = versions.user_key
        where
            former.user_key != -1
            and (
                former.country != coalesce(versions.country, 'Unknown')
                or former.subscription_type != coalesce(versions.subscription_type, 'Unknown')
                or coalesce(former.cohort_start_date, cast('0001-01-01' as date))
                != coalesce(versions.cohort_start_date, cast('0001-01-01' as date))
            )
        group by {{ month_date_key('viewing_sessions.date_key') }}
    {%- else -%}
        select 0
    {%- endif %}
{%- endmacro %}

{# Pre-hook of a mart by month: delete the touched months, which the model then counts again. #}
{% macro delete_touched_months() -%}
    {%- if is_incremental() -%}
        {{ delete_where('month_date_key', is_touched('month_date_key')) }}
    {%- endif -%}
{%- endmacro %}

{# Whether a month, or every month, is in the list. #}
{% macro is_touched(month) -%}
    (
        {{ month }} in (select touched.month_date_key from {{ touched_months() }} as touched)
        or exists (select 1 from {{ touched_months() }} as touched where touched.month_date_key = 0)
    )
{%- endmacro %}

{# For a test: whether a session of this date may be one that the build wrote. Without a build, as
   in a `dbt test` by hand, every one may be. #}
{% macro may_be_new(date_key) -%}
    {%- if flags.WHICH == 'build' -%}
        {{ is_touched(month_date_key(date_key)) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# Whether a date is in a touched month, or so many months from one: is_near_touched(d, [0, -1]) is
   true for 5 April when April or March is touched. #}
{% macro is_near_touched(date, months) -%}
    {%- set conditions = [] -%}
    {%- for distance in months -%}
        {%- set near = dateadd('month', distance, period_start('month', date)) -%}
        {%- do conditions.append(is_touched(date_key('cast(' ~ near ~ ' as date)'))) -%}
    {%- endfor -%}
    ({{ conditions | join(' or ') }})
{%- endmacro %}

{# Pre-hook of tot_daily_cohorts. #}
{% macro delete_days_near_touched_months(column) -%}
    {%- if is_incremental() -%}
        {{ delete_where(column, is_near_touched(column, months=[0, -1])) }}
    {%- endif -%}
{%- endmacro %}
