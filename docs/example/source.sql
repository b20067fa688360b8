-- The PostgreSQL database of the company in sources.yml, with made-up rows that are the same each time. Run by psql as
-- the owner of an empty database that has a role elt_reader (docker/source-postgres/roles.sql makes one).

create schema crm;
create schema player;
create type crm.plan as enum ('basic', 'standard', 'premium');

create table crm."Customers" (
    customer_id bigint generated always as identity primary key,
    birth_date date,
    country_code char(2),
    plan crm.plan,
    signup_at timestamptz not null default now(),
    minutes_watched bigint not null default 0,
    modified_at timestamptz not null default now(),
    email text not null
);
create index on crm."Customers" (modified_at);

create table player.plays (
    customer_id bigint not null,
    started_at timestamptz not null,
    title_ref text not null,
    seconds integer not null,
    seconds_total integer not null,
    device text,
    resolution integer,
    modified_at timestamp not null default (now() at time zone 'UTC'),
    primary key (customer_id, started_at)
) partition by range (started_at);
create table player.plays_2024_07 partition of player.plays
for values from ('2024-07-01 00:00+00') to ('2024-08-01 00:00+00');
create table player.plays_2024_08 partition of player.plays
for values from ('2024-08-01 00:00+00') to ('2024-09-01 00:00+00');
create index on player.plays (modified_at);

-- 80 customers; some did not tell their birthday, their country or their plan.
insert into crm."Customers" (birth_date, country_code, plan, signup_at, minutes_watched, modified_at, email)
select
    case when n % 13 > 0 then date '1950-01-15' + n * 211 end,
    case when n % 17 > 0 then (array['DE', 'FR', 'ES', 'PL'])[1 + n % 4] end,
    case when n % 19 > 0 then (enum_range(null::crm.plan))[1 + n % 3] end,
    timestamptz '2024-01-03 22:40:00+00' + n * interval '2 days 5 hours 17 minutes',
    n * 97 % 4000,
    timestamptz '2024-08-01 06:00:00+00' + n * interval '3 hours',
    'customer' || n || '@example.com'
from generate_series(1, 80) as n;

-- 600 plays, some of customers whom the CRM does not have, of a title that left the catalogue, or past the end.
insert into player.plays
select
    1 + n * 37 % 83,
    timestamptz '2024-07-01 05:30:00+00' + n * interval '2 hours 3 minutes 7.5 seconds',
    '65a0000000000000000000' || lpad(to_hex(n * 10 % 33), 2, '0'),
    n * 131 % 6000,
    1500 + n * 10 % 33 * 120,
    case when n % 23 > 0 then (array['tv', 'phone', 'tablet'])[1 + n % 3] else ' ' end,
    case when n % 29 > 0 then (array[480, 720, 1080, 2160])[1 + n % 4] end,
    timestamp '2024-07-01 08:00:00' + n * interval '2 hours 3 minutes'
from generate_series(1, 600) as n;

-- What the company's administrator grants.
grant usage on schema crm, player to elt_reader;
grant select on crm."Customers", player.plays to elt_reader;
