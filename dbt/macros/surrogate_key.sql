{# Stable bigint key of a natural key: the same in every rebuild. Only the first column may hold
   the separator, so give free text first and numbers after it. #}
{% macro surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append('cast(' ~ column ~ ' as ' ~ type_string() ~ ')') -%}
    {%- endfor -%}
    {{ hash_to_bigint(parts | join(" || '|' || ")) }}
{%- endmacro %}

{# The same, with null pointing to the unknown member. #}
{% macro surrogate_key_or_unknown(column) -%}
    case when {{ column }} is null then -1 else {{ surrogate_key([column]) }} end
{%- endmacro %}
