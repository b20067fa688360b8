{# Fails on values outside the range, both ends included. Nulls pass. #}
{% test accepted_range(model, column_name, min_value=none, max_value=none) %}

    {%- set bounds = [('<', min_value), ('>', max_value)] -%}
    {%- set conditions = [] -%}
    {%- for operator, bound in bounds if bound is not none -%}
        {%- do conditions.append(column_name ~ ' ' ~ operator ~ ' ' ~ bound) -%}
    {%- endfor %}

    select {{ column_name }}
    from {{ model }}
    where {{ conditions | join(' or ') }}

{% endtest %}
