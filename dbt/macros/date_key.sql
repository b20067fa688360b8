{# A date as the integer yyyymmdd: 20240301 for 2024-03-01. #}
{% macro date_key(column) -%}
    cast(
        extract(year from {{ column }}) * 10000
        + extract(month from {{ column }}) * 100
        + extract(day from {{ column }})
        as integer
    )
{%- endmacro %}
