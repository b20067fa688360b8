{# Stable bigint key of a natural key, the same in every rebuild, as the hash of 'U0001|2'. Only the
   first column may contain the separator |, so pass free text first and numbers after it. #}
{% macro surrogate_key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append('cast(' ~ column ~ ' as ' ~ type_string() ~ ')') -%}
    {%- endfor -%}
    {{ hash_to_bigint(parts | join(" || '|' || ")) }}
{%- endmacro %}

{# The same; -1, the key of the unknown member, for null. #}
{% macro surrogate_key_or_unknown(column) -%}
    case when {{ column }} is null then cast(-1 as bigint) else {{ surrogate_key([column]) }} end
{%- endmacro %}
