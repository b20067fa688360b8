{# A date as the integer yyyymmdd. #}
{% macro date_key(column) -%}
    cast(
        extract(year from {{ column }}) * 10000
        + extract(month from {{ column }}) * 100
        + extract(day from {{ column }})
        as integer
    )
{%- endmacro %}
