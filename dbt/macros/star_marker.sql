{# The state of the star as a comment on its schema, which keeps the comment when it is renamed:
   {"state": "building" | "tested" | "unfit", "batch_id", "invocation_id", "code"}; while it is
   built, "carries" (see carries_forward); when it is tested, "whole": no model was left out.
   Publishing accepts only a tested star, sets its state to "published" and adds the version. #}

{# on-run-start: from here on the star cannot be published. A star that was built by other models is
   emptied first, because its fact would keep rows that were computed by other rules. #}
{% macro begin_star() -%}
    {{ return(adapter.dispatch('begin_star')()) }}
{%- endmacro %}

{% macro default__begin_star() -%}{%- endmacro %}

{% macro postgres__begin_star() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do lock_star() -%}
        {%- set marker = star_marker() -%}
        {%- set code = marker.get('code') -%}
        {%- set carries = false -%}
        {#- A build with --select neither empties the star nor carries forward. -#}
        {%- if builds_whole_star() -%}
            {%- if code != star_code() -%}{%- do empty_star() -%}{%- endif -%}
            {%- set carries = (
                marker.get('state') in ('tested', 'published') and marker.get('whole', false)
                and code == star_code() and not flags.FULL_REFRESH
                and has_every_table() and has_sessions()
            ) -%}
            {%- set code = star_code() -%}
        {%- endif -%}
        {{ mark_star('building', {'code': code, 'carries': carries}) }}
    {%- endif -%}
{%- endmacro %}

{# on-run-end: the star may be published after a whole build in which all tests passed. #}
{% macro end_star(results) -%}
    {{ return(adapter.dispatch('end_star')(results)) }}
{%- endmacro %}

{% macro default__end_star(results) -%}{%- endmacro %}

{% macro postgres__end_star(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do lock_star() -%}
        {%- set marker = star_marker() -%}
        {%- set bad = [] -%}
        {%- for result in results -%}
            {%- if result.status | string not in ('success', 'pass', 'warn', 'no-op') -%}
                {%- do bad.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if marker.get('invocation_id') != invocation_id -%}
            {#- Another dbt started meanwhile, so the star is a mixture of both. -#}
            {{ mark_star('unfit', {'code': none}) }}
        {%- elif bad or flags.WHICH != 'build' -%}
            {{ mark_star('unfit', {'code': marker.get('code')}) }}
        {%- else -%}
            {%- set whole = built_every_model(results) -%}
            {{ mark_star('tested', {'code': marker.get('code'), 'whole': whole}) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Whether this run counts only what changed. That needs a star that was built whole and tested, and
   a run that builds all of it: then a mart is its old total, less what changed users contributed
   before, plus what they contribute now. Otherwise every mart is counted from all sessions. #}
{% macro carries_forward() -%}
    {{ return(adapter.dispatch('carries_forward')()) }}
{%- endmacro %}

{% macro default__carries_forward() -%}
    {{ return(false) }}
{%- endmacro %}

{# begin_star decides once per run. A unit test has rows of its own and no star. #}
{% macro postgres__carries_forward() -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return(false) }}{%- endif -%}
    {%- set marker = star_marker() -%}
    {{ return(marker.get('invocation_id') == invocation_id and marker.get('carries', false)) }}
{%- endmacro %}

{# Publishing takes the same lock, so schemas are not renamed while the comment is written. #}
{% macro lock_star() -%}
    {%- do run_query("select pg_advisory_lock(hashtext('star'))") -%}
{%- endmacro %}

{# Whether the command builds all models, with or without their tests. #}
{% macro builds_whole_star() -%}
    {{ return(not (invocation_args_dict.get('select') or invocation_args_dict.get('exclude'))) }}
{%- endmacro %}

{# Whether the run built all models, by its results: options such as --exclude-resource-type leave
   out models, too. #}
{% macro built_every_model(results) -%}
    {%- set built = results | selectattr('node.resource_type', 'equalto', 'model') | list -%}
    {%- set models = graph.nodes.values() -%}
    {%- set models = models | selectattr('resource_type', 'equalto', 'model') | list -%}
    {{ return(built | length == models | length) }}
{%- endmacro %}

{% macro mark_star(state, facts) -%}
    {%- set marker = {
        'state': state,
        'batch_id': dbt_metadata_envs.get('BATCH_ID', ''),
        'invocation_id': invocation_id,
    } -%}
    {%- do marker.update(facts) -%}
    comment on schema {{ adapter.quote(var('trusted_schema')) }}
    is '{{ tojson(marker) | replace("'", "''") }}';
    select pg_advisory_unlock(hashtext('star'))
{%- endmacro %}

{% macro star_marker() -%}
    {%- set found = run_query(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = '"
        ~ var('trusted_schema') ~ "'"
    ) -%}
    {{ return(fromjson(found.rows[0][0] or '{}', {})) }}
{%- endmacro %}

{# A hash of all models with their columns and constraints, and of the macros, whose hash the DAG
   passes in a variable. A star that other models built has another hash. #}
{% macro star_code() -%}
    {%- set checksums = [dbt_metadata_envs.get('MACROS', '')] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set contract = tojson(node.constraints) -%}
        {%- do checksums.append(node.unique_id ~ node.checksum.checksum ~ contract) -%}
        {%- for column in node.columns.values() -%}
            {%- set contract = column.data_type ~ tojson(column.constraints) -%}
            {%- do checksums.append(node.unique_id ~ column.name ~ contract) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(local_md5(checksums | sort | join)) }}
{%- endmacro %}

{% macro empty_star() -%}
    {%- for name in star_relations() -%}
        {%- set relation = adapter.get_relation(target.database, var('trusted_schema'), name) -%}
        {#- A view may have been dropped with its table. -#}
        {%- if relation is not none -%}{%- do adapter.drop_relation(relation) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# Whether all tables of the star exist. #}
{% macro has_every_table() -%}
    {%- set relations = star_relations() -%}
    {%- set missing = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- if node.schema == var('trusted_schema') and node.alias not in relations -%}
            {%- do missing.append(node.alias) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(not missing) }}
{%- endmacro %}

{# Whether the fact has rows. An emptied fact is filled from all sessions. #}
{% macro has_sessions() -%}
    {%- set fact = adapter.quote(var('trusted_schema')) ~ '.fct_viewing_sessions' -%}
    {{ return(run_query('select 1 from ' ~ fact ~ ' limit 1').rows | length > 0) }}
{%- endmacro %}

{% macro star_relations() -%}
    {%- set found = run_query(
        "select relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        ~ " where relkind in ('r', 'v', 'm') and nspname = '" ~ var('trusted_schema') ~ "'"
    ) -%}
    {{ return(found.columns[0].values() | list) }}
{%- endmacro %}
