{# Fails on rows for which the expression does not hold, null included. On a column it says
   what the column obeys. #}
{% test expression_is_true(model, expression, column_name=none) %}

    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)

{% endtest %}
