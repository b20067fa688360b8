{# SQL that differs between databases. `default__` is the SQL of Spark. #}

{# First 15 hex digits of an md5 as a positive bigint. #}
{% macro hash_to_bigint(expression) -%}
    {{ return(adapter.dispatch('hash_to_bigint')(expression)) }}
{%- endmacro %}

{% macro postgres__hash_to_bigint(expression) -%}
    cast(cast('x' || substr(md5({{ expression }}), 1, 15) as bit(60)) as bigint)
{%- endmacro %}

{% macro default__hash_to_bigint(expression) -%}
    cast(conv(substr(md5({{ expression }}), 1, 15), 16, 10) as bigint)
{%- endmacro %}

{# A timestamptz as UTC timestamp without a zone, with microseconds, as Power BI reads it. #}
{% macro utc_timestamp(expression) -%}
    {{ return(adapter.dispatch('utc_timestamp')(expression)) }}
{%- endmacro %}

{% macro postgres__utc_timestamp(expression) -%}
    ({{ expression }} at time zone 'UTC')
{%- endmacro %}

{% macro default__utc_timestamp(expression) -%}
    cast({{ expression }} as timestamp)
{%- endmacro %}

{# Let all statements of a model's transaction see the same rows of raw, also while a load commits.
   A pre-hook, and the first one. #}
{% macro see_one_state() -%}
    {{ return(adapter.dispatch('see_one_state')()) }}
{%- endmacro %}

{% macro postgres__see_one_state() -%}
    set transaction isolation level repeatable read
{%- endmacro %}

{% macro default__see_one_state() -%}{%- endmacro %}

{# Update the planner's statistics. Runs outside of transactions. #}
{% macro refresh_statistics() -%}
    {{ return(adapter.dispatch('refresh_statistics')()) }}
{%- endmacro %}

{# On PostgreSQL the fact needs the visibility map as well when all its rows were written: without
   it an index-only scan looks up every row. For the tables that models join, a sample of 3,000 rows
   is enough, a tenth of the default. Marts have none until publishing analyzes every table. #}
{% macro postgres__refresh_statistics() -%}
    {%- if model.name.startswith('fct_') -%}
        {{ "" if is_incremental() else "vacuum (analyze) " ~ this }}
    {%- elif not model.name.startswith('mart_') -%}
        set default_statistics_target = 10; analyze {{ this }}; reset default_statistics_target
    {%- endif -%}
{%- endmacro %}

{% macro default__refresh_statistics() -%}{%- endmacro %}

{# `column in (subquery)` for a subquery with few of the column's values. PostgreSQL looks each
   value of an array up in the index of the table behind a view, but joins a subquery only after it
   has read the whole view. Not `= any(array(...))`: where it finds rows on more pages than work_mem
   has room for, it compares every row of these pages with every value. #}
{% macro is_one_of(column, subquery) -%}
    {{ return(adapter.dispatch('is_one_of')(column, subquery)) }}
{%- endmacro %}

{% macro postgres__is_one_of(column, subquery) -%}
    {{ column }} in (select unnest(array({{ subquery }})))
{%- endmacro %}

{% macro default__is_one_of(column, subquery) -%}
    {{ column }} in ({{ subquery }})
{%- endmacro %}

{# Delete the rows of the model's table that fit the condition; `key` is a column by which all rows
   of a value fit, or none. Sail has no subqueries in a delete. #}
{% macro delete_where(key, condition) -%}
    {{ return(adapter.dispatch('delete_where')(key, condition)) }}
{%- endmacro %}

{% macro postgres__delete_where(key, condition) -%}
    delete from {{ this }} where {{ condition }}
{%- endmacro %}

{% macro default__delete_where(key, condition) -%}
    merge into {{ this }} as kept
    using (select distinct {{ key }} from {{ this }} where {{ condition }}) as gone
        on kept.{{ key }} = gone.{{ key }} when matched then delete
{%- endmacro %}

{# Forget the rows of a table that a run makes for itself. A lake keeps the files of a dropped
   table, and the next table of its name has them again. #}
{% macro forget_rows(table) -%}
    {{ return(adapter.dispatch('forget_rows')(table)) }}
{%- endmacro %}

{% macro postgres__forget_rows(table) -%}
    drop table if exists {{ table }}
{%- endmacro %}

{% macro default__forget_rows(table) -%}
    delete from {{ table }}
{%- endmacro %}

{# Below stand macros of dbt-spark, as the project needs them. #}

{# Contracts say text, which Spark calls string. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {{ return(dbt.default__get_empty_schema_sql(columns) | replace('as text)', 'as string)')) }}
{%- endmacro %}

{# Sail has no `alter column`. What a contract promises is tested instead: see dbt_project.yml. #}
{% macro spark__persist_constraints(relation, model) -%}{%- endmacro %}

{# By seconds since 1970 Sail comes to other dates: it takes them for microseconds. #}
{% macro spark__dateadd(datepart, interval, date) -%}
    timestampadd({{ datepart }}, {{ interval }}, {{ date }})
{%- endmacro %}

{# The first day of a date's week or month. Sail's date_trunc knows dates from 1677 to 2262 only,
   and its weekday of a Sunday is -1. #}
{% macro spark__date_trunc(datepart, date) -%}
    {%- set days = {'week': 'mod(dayofweek(%s) + 5, 7)', 'month': 'day(%s) - 1'} -%}
    date_sub({{ date }}, {{ days[datepart] | replace('%s', date) }})
{%- endmacro %}

{# Several versions of one date have the same dbt_scd_id. What is to be inserted must match none of
   them, or a merge refuses the one that is to be closed, as two rows would match it. #}
{% macro spark__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set sql = dbt.spark__snapshot_merge_sql(target, source, insert_cols) -%}
    {{ sql | replace('    on ', "on DBT_INTERNAL_SOURCE.dbt_change_type != 'insert' and ") }}
{%- endmacro %}
