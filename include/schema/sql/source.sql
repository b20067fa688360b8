-- What every table of the PostgreSQL source shares. Run as app, who owns the tables. Safe to run again.

create table if not exists public.seed_state (
    table_name text primary key,
    dataset text not null,
    as_of date not null
);
comment on table public.seed_state is 'The newest day of each data set that was seeded: an older day is not seeded over it.';

create or replace function public.touch_updated_at() returns trigger language plpgsql as $$
begin
    -- Only a real change moves updated_at: the extraction reads by it.
    if new is distinct from old then
        new.updated_at := now();
    end if;
    return new;
end
$$;
