"""A company's databases, as nobody who wrote the platform would have made them; and what comes of entries."""

from datetime import date
from pathlib import Path

from psycopg2.extensions import connection as Connection

from include.declarations import read_sources
from include.embedded.postgres import connect_as_admin
from include.run import Batch, Run
from include.schema.ddl import _raw_table
from include.specs import MongoCollection, PostgresTable
from tests.conftest import Platform

RUN = Run(Batch("run 1", date(2024, 9, 1)))

TABLES = """
create schema crm;
create schema "Odd Schema";
create schema hr;
create type crm.segment as enum ('small', 'large');
create domain crm.mail as text check (value like '%@%');
create domain crm.score as integer check (value between 0 and 100);

create table users (
    id bigint generated always as identity primary key,
    email crm.mail not null,
    name text,
    shout text generated always as (upper(name)) stored,
    home inet,
    tags text[],
    prices money[],
    settings json,
    photo bytea,
    last_update timestamptz not null
);
create index users_last_update on users (last_update, id);
comment on table users is E'People who bought.\\nOr who will.';
insert into users (email, name, home, tags, prices, settings, photo, last_update)
select
    format('%s@example.com', n), 'Ann ' || n, '10.0.0.1', array['a', null], '{1,2.5}', '{"a": 1}', '\\x00ff',
    timestamptz '2024-01-01' + n * interval '1 hour'
from generate_series(1, 20) as n;
create function touch() returns trigger language plpgsql as $$
    begin new.last_update = now(); return new; end
$$;
create trigger touch before update on users for each row execute function touch();

create table crm.users (
    tenant uuid not null,
    number integer not null,
    segment crm.segment,
    score crm.score,
    valid int4range,
    "Modified On" timestamp,
    primary key (tenant, number)
);
insert into crm.users
select gen_random_uuid(), n, 'small', n, int4range(n, n + 5), case when n > 2 then timestamp '2024-01-01' end
from generate_series(1, 7) as n;

create table crm.notes (body varchar(200), author varchar(40), created_at timestamptz default now());
insert into crm.notes select 'same', 'me' from generate_series(1, 3);

create table crm.codes (code char(4) not null unique, label text, changed_on date not null);
create unique index codes_label on crm.codes (label);
insert into crm.codes values ('a', 'A', '2024-01-01'), ('b', null, '2024-02-01');

create table crm.hosts (address inet primary key, label text unique, updated_at timestamptz);
insert into crm.hosts values ('10.0.0.1', 'one', now());

create table events (
    day date not null, id uuid not null default gen_random_uuid(), what text, modified timestamptz not null,
    primary key (day, id)
) partition by range (day);
create table events_2023 partition of events for values from ('2023-01-01') to ('2024-01-01');
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01')
    partition by hash (id);
create table events_2024_a partition of events_2024 for values with (modulus 1, remainder 0);
create index on events (modified);
insert into events (day, what, modified)
select date '2023-12-25' + n, 'a', now() from generate_series(1, 12) as n;

create table "Order Lines" (
    "Order" integer, "Line-No" smallint, "Price %" numeric, "E-Mail" text, primary key ("Order", "Line-No")
);
insert into "Order Lines" values (1, 1, 2.5, 'x@example.com'), (1, 2, 3, null);

create table base (id integer primary key, updated_at timestamptz);
create table derived (extra text) inherits (base);
insert into base values (1, now());
insert into derived values (2, now(), 'x');

create table "Odd Schema"."2024" (id integer primary key);
insert into "Odd Schema"."2024" values (1), (2);

create view crm.large as
select tenant, number, score, timestamptz '2024-01-01' as updated_at from crm.users where number > 3;
create materialized view crm.totals as select count(*) as users, max(number) as highest from crm.users;
create unique index totals_users on crm.totals (users);

create table hr.salaries (id integer primary key);
create table secret (id integer primary key, open text, hidden text);
insert into secret values (1, 'yes', 'no');

grant usage on schema crm, "Odd Schema" to elt_reader;
grant select on all tables in schema public, crm, "Odd Schema" to elt_reader;
revoke select on secret from elt_reader;
grant select (id, open) on secret to elt_reader;
analyze;
"""


def admin_of_source(platform: Platform) -> Connection:
    """Connect to the source as the server's administrator."""
    env = platform.env
    return connect_as_admin(env, int(env["SOURCE_PORT"]), env["SOURCE_DB"])


def declared(text: str, folder: Path) -> dict[str, PostgresTable | MongoCollection]:
    """Read the text as sources.yml is read; return the entries by name."""
    file = folder / "sources.yml"
    file.write_text(text, encoding="utf-8")
    return {source.name: source for source in read_sources(file)}


def create_raw(warehouse: Connection, entry: PostgresTable | MongoCollection) -> None:
    """Create the raw tables of an entry."""
    tables = [entry] if isinstance(entry, PostgresTable) else entry.raw_tables
    with warehouse, warehouse.cursor() as cursor:
        for table in tables:
            cursor.execute(_raw_table(table))
