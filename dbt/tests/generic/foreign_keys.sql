{# Fails on rows with a key that is not in the table it points to, and names the keys. Nulls pass.
   One test looks at all keys of a table, because reading the table takes most of the time. #}
{% test foreign_keys(model, keys) %}

    {%- set unknown = [] -%}
    {%- set names = [] -%}
    {%- for key in keys -%}
        {%- set target = 'target_' ~ loop.index ~ '.' ~ key.field -%}
        {%- do unknown.append('(tested.' ~ key.column ~ ' is not null and ' ~ target ~ ' is null)') -%}
        {%- do names.append("case when " ~ unknown[-1] ~ " then '" ~ key.column ~ " ' else '' end") -%}
    {%- endfor %}

    select
        {{ dbt.concat(names) }} as unknown_keys,
        tested.{{ keys | map(attribute='column') | join(', tested.') }}
    from (select * from {{ model }}) as tested
    {%- for key in keys %}
        left join {{ key.to }} as target_{{ loop.index }}
            on tested.{{ key.column }} = target_{{ loop.index }}.{{ key.field }}
    {%- endfor %}
    where {{ unknown | join(' or ') }}

{% endtest %}
