{# The state of the star as a comment on its schema, which keeps the comment when it is renamed:
   {"state": "building" | "tested" | "unfit" | "mixed", "batch_id", "invocation_id", "code", "raw"}.
   Publishing accepts only a tested star, sets its state to "published" and adds the version. `code` is the
   hash that include/dbt.py gives of this project, as of the last full refresh: the pipeline asks
   for another one when it differs. A build by hand gives no hash and keeps the last one. `raw` is
   the state of raw (include/ops/load_runs.py) that was read before a whole build began, once that
   build is tested; without one, as by hand, the star counts as built from an older state.

   A second attempt (include/second_attempt.py) names the build that it goes on with in RESUMES. That
   build was whole, and the second attempt runs all that was not good in it. #}

{# on-run-start: from here on the star cannot be published. A full refresh of all models first drops
   every table, also those that no model builds any more; a second attempt keeps what the first built. #}
{% macro begin_star() -%}
    {{ return(adapter.dispatch('begin_star')()) }}
{%- endmacro %}

{% macro default__begin_star() -%}{%- endmacro %}

{% macro postgres__begin_star() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do lock_star() -%}
        {%- if resumes() -%}{%- do refuse_another_star() -%}
        {%- elif refreshes_whole_star() -%}{%- do empty_star() -%}{%- endif -%}
        {{ mark_star('building', star_marker().get('code')) }}
    {%- endif -%}
{%- endmacro %}

{# on-run-end: the star may be published when all models were built and all tests passed. #}
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
            {{ mark_star('mixed', none) }}
        {%- elif bad or flags.WHICH != 'build' -%}
            {{ mark_star('unfit', marker.get('code')) }}
        {%- elif refreshes_whole_star() -%}
            {{ mark_star('tested', dbt_metadata_envs.get('CODE'), dbt_metadata_envs.get('RAW')) }}
        {%- elif builds_whole_star() -%}
            {{ mark_star('tested', marker.get('code'), dbt_metadata_envs.get('RAW')) }}
        {%- else -%}
            {{ mark_star('tested', marker.get('code')) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{# Publishing takes the same lock, so schemas are not renamed while the comment is written. #}
{% macro lock_star() -%}
    {%- do run_query("select pg_advisory_lock(hashtext('star'))") -%}
{%- endmacro %}

{# The invocation that a second attempt goes on with, else none. #}
{% macro resumes() -%}
    {{ return(dbt_metadata_envs.get('RESUMES')) }}
{%- endmacro %}

{# Ends a second attempt whose star is not the one that the first attempt left. #}
{% macro refuse_another_star() -%}
    {%- if star_marker().get('invocation_id') != resumes() -%}
        {%- do exceptions.raise_compiler_error('another dbt has built since the attempt before') -%}
    {%- endif -%}
{%- endmacro %}

{# dagster-dbt selects `fqn:*` where people select everything. #}
{% macro builds_whole_star() -%}
    {%- set selected = invocation_args_dict.get('select') or [] -%}
    {{ return(selected | list in ([], ['fqn:*']) and not invocation_args_dict.get('exclude')) }}
{%- endmacro %}

{% macro refreshes_whole_star() -%}
    {{ return(flags.FULL_REFRESH and builds_whole_star()) }}
{%- endmacro %}

{% macro mark_star(state, code, raw=none) -%}
    {%- set marker = {
        'state': state,
        'batch_id': dbt_metadata_envs.get('BATCH_ID', ''),
        'invocation_id': invocation_id,
        'code': code,
        'raw': raw,
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

{% macro empty_star() -%}
    {%- set found = run_query(
        "select relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace"
        ~ " where relkind in ('r', 'v', 'm') and nspname = '" ~ var('trusted_schema') ~ "'"
    ) -%}
    {%- for name in found.columns[0].values() -%}
        {%- set relation = adapter.get_relation(target.database, var('trusted_schema'), name) -%}
        {#- A view may have been dropped with its table. -#}
        {%- if relation is not none -%}{%- do adapter.drop_relation(relation) -%}{%- endif -%}
    {%- endfor -%}
{%- endmacro %}
