-- The start of the oldest open transaction: what it writes is not visible yet, so extraction must come back for it.
-- One moment and nothing else of pg_stat_activity is handed out.
create schema if not exists elt;
create or replace function elt.oldest_transaction_start() returns timestamptz
language sql security definer set search_path = pg_catalog as $$
    select coalesce(min(xact_start), now())
    from pg_stat_activity
    where datname = current_database() and backend_type = 'client backend'
$$;
revoke all on function elt.oldest_transaction_start() from public;
