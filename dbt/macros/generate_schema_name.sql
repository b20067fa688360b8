{# Schema names are literal: `staging` is the schema staging, not trusted_staging. The star alone
   moves with the variable: it is built next to the one that people read. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none or custom_schema_name == 'trusted' -%}
        {{ var('trusted_schema') }}
    {%- else -%}
        {{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
