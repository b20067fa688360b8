-- What the loader keeps beside raw: the log of loads, dbt runs and publications, the watermarks, the rejected rows.
-- Installations from before there were numbers have these tables: what they lack is added.

create table if not exists ops.load_runs (
    load_run_id bigint generated always as identity primary key,
    batch_id text not null,
    as_of date not null,
    stage text not null check (stage in ('seed', 'extract')),
    table_name text not null,
    started_at timestamptz not null,
    seconds numeric(12, 3) not null,
    rows_read bigint not null,
    rows_inserted bigint not null,
    rows_updated bigint not null,
    rows_loaded bigint generated always as (rows_inserted + rows_updated) stored,
    rows_unchanged bigint not null,
    rows_quarantined bigint not null,
    rows_deleted bigint not null,
    watermark timestamptz,
    check (rows_read = rows_inserted + rows_updated + rows_unchanged + rows_quarantined)
);
comment on table ops.load_runs is 'One row per finished load of a table: what it read, wrote and rejected.';
create index if not exists load_runs_batch_id on ops.load_runs (batch_id);

create table if not exists ops.watermarks (
    table_name text primary key,
    watermark timestamptz not null,
    batch_id text not null,
    key_count bigint,
    key_sum numeric
);
alter table ops.watermarks add column if not exists key_count bigint, add column if not exists key_sum numeric;
comment on table ops.watermarks is
    'One row per source table: everything changed before this moment is in raw, and so was the set of keys summed up here.';

create table if not exists ops.schema_changes (
    schema_change_id bigint generated always as identity primary key,
    batch_id text not null,
    table_name text not null,
    column_name text,
    change text not null check (change in ('added', 'removed', 'retyped', 'unreadable')),
    old_type text,
    new_type text,
    action text not null check (
        action in ('added to raw', 'left out', 'kept in _document', 'stopped the load')
    ),
    document_id text,
    detected_at timestamptz not null default clock_timestamp(),
    unique nulls not distinct (batch_id, table_name, column_name, change, new_type)
);
comment on table ops.schema_changes is
    'One row per change of a source''s shape that a load met: what changed, and what the load did about it.';

create table if not exists ops.source_figures (
    table_name text not null,
    measure text not null,
    value numeric not null,
    primary key (table_name, measure)
);
comment on table ops.source_figures is
    'One row per raw table and measure: its value in the source that the last load read (of a collection: the keys that it left alive).';

create table if not exists ops.reconciliations (
    batch_id text not null,
    table_name text not null,
    measure text not null,
    source_value numeric not null,
    raw_value numeric not null,
    rounding numeric not null default 0,
    trusted_value numeric,
    is_equal boolean generated always as (
        source_value = raw_value and coalesce(trusted_value = raw_value - rounding, true)
    ) stored,
    checked_at timestamptz not null default now(),
    primary key (batch_id, table_name, measure)
);
comment on table ops.reconciliations is
    'One row per run, raw table and measure: its value in the source, in raw, and in the star where that has it.';
comment on column ops.reconciliations.rounding is 'What the two decimals of the star take away from the value in raw.';

create table if not exists ops.dbt_runs (
    invocation_id text not null,
    unique_id text not null,
    batch_id text not null,
    resource_type text not null,
    status text not null,
    seconds numeric(12, 3) not null,
    rows_affected bigint,
    failures bigint,
    message text,
    generated_at timestamptz not null,
    primary key (invocation_id, unique_id)
);
comment on table ops.dbt_runs is 'One row per dbt node and invocation: status, seconds and rows.';

create table if not exists ops.publications (
    publication_id bigint generated always as identity primary key,
    action text not null check (action in ('publish', 'rollback')),
    version bigint not null,
    batch_id text not null,
    invocation_id text not null,
    as_of date,
    published_at timestamptz not null default clock_timestamp(),
    seconds numeric(12, 3) not null,
    row_counts jsonb not null,
    checksums jsonb not null
);
comment on table ops.publications is
    'One row per change of what readers see in trusted: which version came, and what it holds. The last one is current.';
create unique index if not exists publications_version on ops.publications (version) where action = 'publish';
create unique index if not exists publications_invocation_id on ops.publications (invocation_id)
where action = 'publish';
-- Publishing is dbt_transformer's; it adds to this log and never changes it.
grant usage on schema ops to dbt_transformer;
grant select, insert on ops.publications to dbt_transformer;

create table if not exists quarantine.rejected_rows (
    rejected_row_id bigint generated always as identity primary key,
    batch_id text not null,
    as_of date not null,
    stage text not null,
    table_name text not null,
    source_name text not null,
    position text not null,
    column_name text,
    value text,
    reason text not null,
    row_text text not null,
    rejected_at timestamptz not null default now(),
    header text,
    released_at timestamptz,
    release text check (release in ('replayed', 'superseded')),
    unique (batch_id, stage, source_name, position)
);
alter table quarantine.rejected_rows
    add column if not exists header text,
    add column if not exists released_at timestamptz,
    add column if not exists release text check (release in ('replayed', 'superseded'));
comment on table quarantine.rejected_rows is
    'One row per row or document that could not be loaded: where it stood, what is wrong, and the row as it came.';
