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
{% set tables = [] %}
{% for name in models %}
    {%- set relation = ref(name) %}
    {%- set columns = filled_columns_of(name) %}
    {%- if columns %}
        {%- do tables.append({'name': name, 'relation': relation, 'columns': columns}) %}
    {%- endif %}
{% endfor %}

-- No value is missing where the contract wants one. Enabled where the database does not enforce
-- contracts: see dbt_project.yml.
{% for table in tables %}
    select
        '{{ table.name }}' as model,
        count(*) as row_count
    from {{ table.relation }}
    where {{ table.columns | join(' is null or ') }} is null
    having count(*) > 0
    {{ 'union all' if not loop.last }}
{% endfor %}
