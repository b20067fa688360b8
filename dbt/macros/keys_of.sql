{# The keys of a model as lists of columns, from the constraints of its contract and its unique_key.
   The list is empty while dbt parses. #}
{% macro keys_of(name) -%}
    {%- set keys = [] -%}
    {%- if execute -%}
        {%- set held = ('primary_key', 'unique') -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
        {%- for column in node.columns.values() -%}
            {%- for constraint in column.constraints if constraint.type in held -%}
                {%- do keys.append([column.name]) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for constraint in node.constraints if constraint.type in held -%}
            {%- do keys.append(constraint.columns) -%}
        {%- endfor -%}
        {%- if node.config.unique_key and [node.config.unique_key] not in keys -%}
            {%- do keys.append([node.config.unique_key]) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(keys) }}
{%- endmacro %}
