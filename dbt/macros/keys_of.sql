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

{# The columns of a model that its contract wants filled, keys included. Empty while dbt parses. #}
{% macro filled_columns_of(name) -%}
    {%- set filled = [] -%}
    {%- if execute -%}
        {%- set held = ('not_null', 'primary_key') -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ name] -%}
        {%- for column in node.columns.values() -%}
            {%- for constraint in column.constraints if constraint.type in held -%}
                {%- do filled.append(column.name) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for constraint in node.constraints if constraint.type == 'primary_key' -%}
            {%- do filled.extend(constraint.columns) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(filled) }}
{%- endmacro %}
