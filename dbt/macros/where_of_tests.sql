{# Whether this run took the session over; true for all when it does not carry forward. Tests skip
   sessions that an earlier run tested; reconciliation compares all of them in every run. #}
{% macro is_taken_over(taken_over, condition='true') -%}
    {%- if carries_forward() -%}
        {{ is_one_of('session_id', 'select session_id from ' ~ taken_over ~ ' where ' ~ condition) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same for a user: whether this run wrote one of their versions. #}
{% macro is_changed_user(changed_users) -%}
    {%- if carries_forward() -%}
        user_id in (select user_id from {{ changed_users }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# dbt calls this for the `where` of a test. YAML cannot call macros: their names are replaced here.
   dbt finds no dependencies here either; the tested models already depend on both tables. #}
{% macro default__get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if not where -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set of_run = {'database': target.database, 'schema': 'changes'} -%}
    {%- set taken_over = api.Relation.create(identifier='chg_sessions', **of_run) -%}
    {%- set changed_users = api.Relation.create(identifier='chg_users', **of_run) -%}
    {%- set where = where
        | replace('is_taken_over', is_taken_over(taken_over))
        | replace('is_new_or_changed', is_taken_over(taken_over, 'is_changed'))
        | replace('is_changed_user', is_changed_user(changed_users)) -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as tested') }}
{%- endmacro %}
