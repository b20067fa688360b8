{# Schema names are used as they are: `staging`, not trusted_staging. Only the star's schema follows
   the variable trusted_schema, because it is built beside the schema that readers see. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none or custom_schema_name == 'trusted' -%}
        {{ var('trusted_schema') }}
    {%- else -%}
        {{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}
