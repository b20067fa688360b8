{# Whether this run took the session over; true for all when it does not carry forward. A test need
   not look again at what it has seen in an earlier run: reconciliation compares all of it. #}
{% macro is_taken_over(taken_over, condition='true') -%}
    {%- if carries_forward() -%}
        {{ is_one_of('session_id', 'select session_id from ' ~ taken_over ~ ' where ' ~ condition) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# The same for a user: whether this run wrote one of his versions. #}
{% macro is_changed_user(changed_users) -%}
    {%- if carries_forward() -%}
        user_id in (select user_id from {{ changed_users }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{# dbt calls it for a test's `where`. Macros cannot be called in YAML: their names stand for them.
   Nor does dbt look here for dependencies; what is tested depends on the tables. #}
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
