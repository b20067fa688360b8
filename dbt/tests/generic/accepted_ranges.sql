{# Fails on rows with a value outside its range, both ends included, and names the columns. Nulls
   pass. One test looks at all ranges of a table, because each test costs a start and a scan. #}
{% test accepted_ranges(model, ranges) %}

    {%- set outside = [] -%}
    {%- set names = [] -%}
    {%- for range in ranges -%}
        {%- set below = range.column ~ ' < ' ~ range.min_value -%}
        {%- set above = range.column ~ ' > ' ~ range.max_value if range.max_value is defined else 'false' -%}
        {%- do outside.append('(' ~ below ~ ' or ' ~ above ~ ')') -%}
        {%- do names.append("case when " ~ outside[-1] ~ " then '" ~ range.column ~ " ' else '' end") -%}
    {%- endfor %}

    select
        {{ dbt.concat(names) }} as columns_outside,
        {{ ranges | map(attribute='column') | join(', ') }}
    from {{ model }}
    where {{ outside | join(' or ') }}

{% endtest %}
