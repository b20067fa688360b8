{# What the star's schema holds, as a comment on the schema: it goes along when publishing renames
   it. {"state": "building" | "tested" | "unfit", "batch_id", "invocation_id", "code"}; publishing
   takes only a tested star, and adds the version. #}

{# on-run-start: nobody may publish the star from here on. A star that other models built is emptied
   first: its fact would add rows to some that were computed by other rules. #}
{% macro begin_star() -%}
    {{ return(adapter.dispatch('begin_star')()) }}
{%- endmacro %}

{% macro default__begin_star() -%}{%- endmacro %}

{% macro postgres__begin_star() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do lock_star() -%}
        {%- set code = star_marker().get('code') -%}
        {#- Who builds a part of it works on that part. -#}
        {%- if not (invocation_args_dict.get('select') or invocation_args_dict.get('exclude')) -%}
            {%- if code != star_code() -%}{%- do empty_star() -%}{%- endif -%}
            {%- set code = star_code() -%}
        {%- endif -%}
        {{ mark_star('building', code) }}
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
            {{ mark_star('unfit', none) }}
        {%- elif bad or flags.WHICH != 'build' -%}
            {{ mark_star('unfit', marker.get('code')) }}
        {%- else -%}
            {{ mark_star('tested', marker.get('code')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Publishing takes the same lock: schemas change their names before or after, not between. #}
{% macro lock_star() -%}
    {%- do run_query("select pg_advisory_lock(hashtext('star'))") -%}
{%- endmacro %}

{% macro mark_star(state, code) -%}
    {%- set marker = {
        'state': state,
        'batch_id': dbt_metadata_envs.get('BATCH_ID', ''),
        'invocation_id': invocation_id,
        'code': code,
    } -%}
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

{# All models, their columns and constraints in one hash: a star of other models has another one. #}
{% macro star_code() -%}
    {%- set checksums = [] -%}
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
    {%- set found = run_query(
        "select relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        ~ " where relkind in ('r', 'v', 'm') and nspname = '" ~ var('trusted_schema') ~ "'"
    ) -%}
    {%- for row in found.rows -%}
        {%- set relation = adapter.get_relation(target.database, var('trusted_schema'), row[0]) -%}
        {#- A view may be gone with its table. -#}
        {%- if relation is not none -%}{%- do adapter.drop_relation(relation) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
