{# Fails on rows for which the expression is false or null. On a column it documents a rule of the
   column. #}
{% test expression_is_true(model, expression, column_name=none) %}

    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)

{% endtest %}
