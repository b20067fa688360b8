{# Everything that differs between databases. `default__` speaks Spark. #}

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

{# A moment as UTC wall time without a zone, microseconds kept: what Power BI reads. #}
{% macro utc_timestamp(expression) -%}
    {{ return(adapter.dispatch('utc_timestamp')(expression)) }}
{%- endmacro %}

{% macro postgres__utc_timestamp(expression) -%}
    ({{ expression }} at time zone 'UTC')
{%- endmacro %}

{% macro default__utc_timestamp(expression) -%}
    cast({{ expression }} as timestamp)
{%- endmacro %}

{# Statistics for the planner and, after a whole table is written on PostgreSQL, the visibility map,
   without which a scan of an index alone looks up every row. Runs outside of transactions. #}
{% macro refresh_statistics() -%}
    {{ return(adapter.dispatch('refresh_statistics')()) }}
{%- endmacro %}

{# What a day was added to has its old statistics, and a mart none, until the star is published:
   publishing measures every table. Autovacuum looks after the map. For what is left a sample of 3,000
   rows does, a tenth of the usual one. #}
{% macro postgres__refresh_statistics() -%}
    {%- if not carries_forward() -%}
        {{ "analyze" if is_incremental() else "vacuum (analyze)" }} {{ this }}
    {%- elif not is_incremental() and not model.name.startswith('mart_') -%}
        set default_statistics_target = 10; analyze {{ this }}; reset default_statistics_target
    {%- endif -%}
{%- endmacro %}

{% macro default__refresh_statistics() -%}
    analyze table {{ this }} compute statistics
{%- endmacro %}

{# A column is in a subquery of few values. PostgreSQL looks an array up by the index of the table
   behind a view, and joins a subquery only after it has read the whole view. #}
{% macro is_one_of(column, subquery) -%}
    {{ return(adapter.dispatch('is_one_of')(column, subquery)) }}
{%- endmacro %}

{% macro postgres__is_one_of(column, subquery) -%}
    {{ column }} = any(array({{ subquery }}))
{%- endmacro %}

{% macro default__is_one_of(column, subquery) -%}
    {{ column }} in ({{ subquery }})
{%- endmacro %}
