{# What the star's schema holds, as a comment on the schema: it goes along when publishing renames
   it. {"state": "building" | "tested" | "unfit", "batch_id", "invocation_id", "code"}; while it is
   built, "carries" (see carries_forward); when it is tested, "whole": no model was left out.
   Publishing takes only a tested star, makes its state "published" and adds the version. #}

{# on-run-start: nobody may publish the star from here on. A star that other models built is emptied
   first: its fact would add rows to some that were computed by other rules. #}
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
        {#- Who builds a part of it works on that part. -#}
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

{# on-run-end: the star may be published when a whole build and all its tests went well. #}
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
            {#- Another dbt began since: the star is of both. -#}
            {{ mark_star('unfit', {'code': none}) }}
        {%- elif bad or flags.WHICH != 'build' -%}
            {{ mark_star('unfit', {'code': marker.get('code')}) }}
        {%- else -%}
            {%- set whole = built_every_model(results) -%}
            {{ mark_star('tested', {'code': marker.get('code'), 'whole': whole}) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Whether this run counts only what changed. The star was built whole and tested when the run
   began, and all of it is built again: then a mart is what it was, less what its changed users had
   contributed, plus what they contribute now. Otherwise every mart is counted anew. #}
{% macro carries_forward() -%}
    {{ return(adapter.dispatch('carries_forward')()) }}
{%- endmacro %}

{% macro default__carries_forward() -%}
    {{ return(false) }}
{%- endmacro %}

{# begin_star decides it once for the run. A unit test sees rows of its own and no star. #}
{% macro postgres__carries_forward() -%}
    {%- if not execute or model.resource_type == 'unit_test' -%}{{ return(false) }}{%- endif -%}
    {%- set marker = star_marker() -%}
    {{ return(marker.get('invocation_id') == invocation_id and marker.get('carries', false)) }}
{%- endmacro %}

{# Publishing takes the same lock: schemas change their names before or after, not between. #}
{% macro lock_star() -%}
    {%- do run_query("select pg_advisory_lock(hashtext('star'))") -%}
{%- endmacro %}

{# Whether the command builds all models, be it without their tests. #}
{% macro builds_whole_star() -%}
    {{ return(not (invocation_args_dict.get('select') or invocation_args_dict.get('exclude'))) }}
{%- endmacro %}

{# Whether the run built all models: by their results, since the types of resources, too, leave some
   out. #}
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

{# All models, their columns and constraints in one hash, with one of the macros, which whoever runs
   dbt for a schedule gives along: a star of other models has another one. #}
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
        {#- A view may be gone with its table. -#}
        {%- if relation is not none -%}{%- do adapter.drop_relation(relation) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{# Whether nobody dropped a table that is to be carried forward. #}
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

{# Whether nobody emptied the fact, so that it is filled anew. #}
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
