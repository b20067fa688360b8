{# Fails on a range [lower_bound, upper_bound) that is empty or that begins before the end of the
   previous range of its partition. Gaps pass. #}
{% test mutually_exclusive_ranges(model, lower_bound, upper_bound, partition_by) %}

    with ranges as (

        select
            {{ partition_by }},
            {{ lower_bound }} as lower_bound,
            {{ upper_bound }} as upper_bound,
            lag({{ upper_bound }}) over (
                partition by {{ partition_by }}
                order by {{ lower_bound }}, {{ upper_bound }}
            ) as previous_upper_bound
        from {{ model }}

    )

    select *
    from ranges
    where
        lower_bound >= upper_bound
        or lower_bound < previous_upper_bound

{% endtest %}
