{# dbt needs the names when it parses, before it knows the models. #}
{# models: written by make data-model #}
{% set models = [
    'bridge_content_genres',
    'dim_content',
    'dim_content_history',
    'dim_dates',
    'dim_devices',
    'dim_genres',
    'dim_quality_levels',
    'dim_users',
    'fct_viewing_sessions',
    'mart_cohort_retention',
    'mart_content_performance',
    'mart_country_engagement',
    'mart_daily_engagement',
    'mart_device_quality_mix',
    'mart_genre_performance',
    'mart_monthly_content_viewing',
    'mart_monthly_engagement',
    'mart_monthly_plan_mix',
    'mart_monthly_viewing',
    'mart_user_engagement',
    'mart_weekly_engagement',
] %}
{# end of models #}
{% set keys = [] %}
{% for name in models %}
    {%- set relation = ref(name) %}
    {%- for columns in keys_of(name) %}
        {%- do keys.append({'of': name, 'relation': relation, 'columns': columns | join(', ')}) %}
    {%- endfor %}
{% endfor %}

-- No two rows share a key. Enabled where the database does not enforce keys: see dbt_project.yml.
{% for key in keys %}
    select
        '{{ key.of }}' as model,
        '{{ key.columns }}' as key_columns,
        count(*) as row_count
    from {{ key.relation }}
    group by {{ key.columns }}
    having count(*) > 1
    {{ 'union all' if not loop.last }}
{% endfor %}
