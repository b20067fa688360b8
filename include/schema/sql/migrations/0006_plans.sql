-- What each run would change for readers, and what was decided on it.

create table if not exists ops.plans (
    batch_id text primary key,
    as_of date not null,
    planned_at timestamptz not null default now(),
    decision text not null check (decision in ('publish', 'ask', 'stop', 'keep')),
    reasons text[] not null,
    days integer,
    tables jsonb not null,
    moves jsonb,
    page text not null
);
comment on table ops.plans is
    'One row per run that built a star: what publishing it would change (rows by table, KPIs by day), and whether it was to be published, asked about, stopped or kept back.';
comment on column ops.plans.days is
    'Business days that the star brings beyond the one that readers see; null for none, or a first star.';
