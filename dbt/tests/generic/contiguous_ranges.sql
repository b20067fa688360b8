{# Fails on ranges [lower_bound, upper_bound) of a partition that leave a gap, overlap, or do not
   reach from `first` to `last`. If it passes, every value is in exactly one range. #}
{% test contiguous_ranges(model, lower_bound, upper_bound, partition_by, first, last) %}

    with ranges as (

        select
            {{ partition_by }},
            {{ lower_bound }} as lower_bound,
            {{ upper_bound }} as upper_bound,
            coalesce(
                lag({{ upper_bound }}) over (
                    partition by {{ partition_by }}
                    order by {{ lower_bound }}, {{ upper_bound }}
                ),
                {{ first }}
            ) as previous_upper_bound,
            coalesce(
                lead({{ lower_bound }}) over (
                    partition by {{ partition_by }}
                    order by {{ lower_bound }}, {{ upper_bound }}
                ),
                {{ last }}
            ) as next_lower_bound
        from {{ model }}

    )

    select *
    from ranges
    where
        lower_bound >= upper_bound
        or lower_bound != previous_upper_bound
        or upper_bound != next_lower_bound

{% endtest %}
