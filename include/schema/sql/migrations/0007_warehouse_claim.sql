-- One run at a time works on the warehouse, whichever Airflow it is of (docs/adr/0030).

create table if not exists ops.warehouse_claim (
    only_row boolean primary key default true check (only_row),
    airflow text not null,
    run_id text not null,
    host text not null,
    claimed_at timestamptz not null default clock_timestamp(),
    kept_until timestamptz not null
);
comment on table ops.warehouse_claim is
    'The run that works on the warehouse: one row, or none. Delete the row of an Airflow that is gone for good and whose run waited for a person.';
comment on column ops.warehouse_claim.airflow is
    'Which Airflow the run is of: the value of its variable warehouse_claimant.';
comment on column ops.warehouse_claim.kept_until is
    'Until then the run keeps the warehouse although none of its tasks is at work.';
