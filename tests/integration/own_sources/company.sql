-- A company's database, as somebody else would have made it: a rental shop and its customers. Run by an administrator;
-- elt_reader may only read.

create schema rental;
create schema crm;

create type rental.grade as enum ('all', 'twelve', 'sixteen', 'adults only');
create type crm.place as (street text, house integer);
create domain rental.title as text check (value <> '');
create domain rental.sku as varchar(12);
create domain rental.minutes as integer check (value >= 0);
create domain rental.film_minutes as rental.minutes check (value < 1000);
create domain rental.share as numeric(5, 4);
create domain rental.shown_grade as rental.grade;
create domain rental.dates as date[];
create domain crm.mail as text check (value like '%@%');
create domain crm.fee as money;

-- Every type that there is, under an integer key.
create table rental.film (
    film_id integer primary key,
    title rental.title not null,
    length rental.film_minutes,
    discount rental.share,
    grade rental.grade not null default 'all',
    shown_as rental.shown_grade,
    grades rental.grade[],
    tags text[],
    codes varchar(5)[],
    cast_ids integer[],
    grid integer[][],
    shown_at timestamp[],
    shown_at_zoned timestamptz[],
    prices numeric(8, 2)[],
    premieres rental.dates,
    minutes_of_reels rental.minutes[],
    release_year smallint,
    rate numeric(6, 2),
    exact numeric,
    ratio real,
    precise double precision,
    is_colour boolean,
    poster bytea,
    extra jsonb,
    raw_extra json,
    stock int4range,
    run daterange,
    open_hours tstzrange,
    off_days datemultirange,
    cost money,
    costs money[],
    fee crm.fee,
    origin inet,
    network cidr,
    card macaddr,
    runtime interval,
    breaks interval[],
    starts time,
    starts_zoned timetz,
    flags bit(5),
    more_flags varbit,
    language char(6),
    "class" "char",
    place crm.place,
    places crm.place[],
    spot point,
    words tsvector,
    kind regtype,
    object_id oid,
    name_of name,
    shelf text generated always as (upper(title)) stored,
    doubled integer generated always as (2 * film_id) virtual,
    last_update timestamptz not null default now()
);
create index film_last_update on rental.film (last_update);

insert into rental.film values (
    1, 'Der Ölprinz 50 %', 90, 0.2500, 'twelve', 'twelve', '{all,"adults only"}', '{a,"b c",NULL,"NULL","","\"\\"}',
    '{x,yz}', '{1,NULL,-3}', '[2:3][0:1]={{1,2},{3,4}}', '{2024-02-29 23:59:59.999999,infinity}',
    '{2024-03-31 02:30:00+01,-infinity}', '{1.10,NULL,NaN}', '{2024-01-01,0044-03-15 BC}', '{1,2}', -5, 4.99,
    123456789012345678901234567890.000000000012345, 0.1, 1e-300, true, '\x00ff7f', '{"a": [1, 2.50, null], "b": "ü"}',
    '{"a": 1,  "a": 2, "nul": "\u0000"}', '[1,5)', '[2024-01-01,)', '[2024-01-01 00:00+05,2024-01-02 00:00+05]',
    '{[2024-01-01,2024-01-03),[2024-02-01,2024-02-02)}', '12.34', '{1.10,NULL,2.20}', '0.99', '10.0.0.1/8',
    '10.1.0.0/16', '08:00:2b:01:02:03', '1 year 2 mons 3 days 04:05:06.789', '{30 days,-1 hour}', '23:59:59.999999',
    '12:00+05:30', B'10101', B'101', 'de', 'x', '("Straße, 1",7)', '{"(a,1)","(,)"}', '(0.1,-3)', 'the quick:2 fox:3',
    'integer', 42, 'pg_name'
),
(
    2, E'tab\t, line\nand \\N', 0, 0, 'all', null, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', 0, 0, 0, 0, 0,
    false, '', '{}', 'null', 'empty', 'empty', 'empty', '{}', '-0.01', '{}', '-5', '::1', '::/0', '00:00:00:00:00:00', '0',
    '{}', '24:00', '00:00-14', B'00000', B'', '', '', '(,)', '{}', '(0,0)', '', 'text', 0, ''
),
(
    3, 'Zahlen', 999, 1, 'sixteen', 'all', null, null, null, null, null, null, null, null, null, null, -32768, 9999.99,
    'NaN', 'NaN', '-Infinity', null, null, 'null', null, '(,)', '(,)', '(,)', '{(,)}', null, null, null, null, null, null,
    null, null, null, null, null, null, '  äö', null, null, null, '(NaN,Infinity)', null, null, null, null
),
(
    4, 'more', null, null, 'all', null, null, null, null, null, null, null, null, null, null, null, null, null, '-Infinity',
    '-Infinity', 'NaN', null, null, '[]', '7', null, null, null, null, null, null, null, null, null, null, null, null, null,
    null, null, null, null, null, null, null, null, null, null, null, null
);

-- A composite key of two integers, and a stamp without a zone.
create table rental.inventory (
    store_id integer not null,
    film_id integer references rental.film,
    copies integer,
    changed timestamp not null default (now() at time zone 'Europe/Berlin'),
    primary key (store_id, film_id)
);
insert into rental.inventory (store_id, film_id, copies) values (1, 1, 5), (1, 2, 0), (2, 1, null), (-1, 3, 7);

-- A composite key of text and date, where the text has commas, quotes and blanks; a stamp that is a day.
create table rental.price (
    sku rental.sku,
    valid_from date,
    price numeric,
    changed_on date not null default current_date,
    primary key (sku, valid_from)
);
insert into rental.price (sku, valid_from, price) values
    ('A,1', '2024-01-01', 1.50), ('A,1', '2024-02-01', 1.75), ('"q" (x)', 'infinity', 0), ('', '0044-03-15 BC', -1),
    ('ü \', '-infinity', 2), (' ', '2024-01-01', 'NaN');

-- A composite key of types that a row shows otherwise than a single value: blanks at the end, an amount, a moment.
create table rental.shift (
    branch char(5),
    began timestamptz,
    level rental.grade,
    fee money,
    desk uuid,
    note text,
    primary key (branch, began, level, fee, desk)
);
insert into rental.shift values
    ('n', '2024-03-31 02:30+02', 'all', '1.00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'x'),
    ('no', '2024-03-31 02:30+02', 'adults only', '1234.50', 'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'y');

-- A moment as key, a number with decimals as key.
create table rental.reading (taken_at timestamptz primary key, degrees numeric);
insert into rental.reading values ('2024-07-01 12:00+02', 21.5), ('2024-01-01 00:00:00.000001+00', -3);
create table rental.version (number numeric primary key, name text);
insert into rental.version values (1.0, 'first'), (1.10, 'second'), (2, null);

-- Partitions, one of them divided again, and a default; a stamp that may be missing.
create table rental.payment (
    payment_id bigint generated always as identity,
    paid_on date not null,
    region text not null,
    amount numeric(8, 2),
    updated_at timestamptz default now(),
    primary key (payment_id, paid_on, region)
) partition by range (paid_on);
create table rental.payment_2023 partition of rental.payment for values from ('2023-01-01') to ('2024-01-01');
create table rental.payment_2024 partition of rental.payment for values from ('2024-01-01') to ('2025-01-01')
partition by list (region);
create table rental.payment_2024_north partition of rental.payment_2024 for values in ('north');
create table rental.payment_2024_rest partition of rental.payment_2024 default;
create table rental.payment_rest partition of rental.payment default;
insert into rental.payment (paid_on, region, amount)
select date '2022-11-01' + number * 10, (array['north', 'south'])[1 + number % 2], number * 1.25
from generate_series(1, 90) as numbers (number);
update rental.payment set updated_at = null where payment_id % 30 = 0;

-- A parent whose children are tables of their own: its unique index does not reach them.
create table rental.event (event_id integer primary key, what text);
create table rental.event_archive () inherits (rental.event);
insert into rental.event values (1, 'new');
insert into rental.event_archive values (2, 'old');

create view rental.film_list as
select film.film_id as id, film.title, inventory.store_id, inventory.copies, film.last_update
from rental.film inner join rental.inventory on inventory.film_id = film.film_id;
create view rental.grade_counts as select film.grade, count(*) as films from rental.film group by film.grade;
create table rental.delivery (store_id integer, copies integer);
insert into rental.delivery values (1, 5), (1, 2), (2, null);
create materialized view rental.stock as
select delivery.store_id, sum(delivery.copies) as copies from rental.delivery group by delivery.store_id;
create unique index stock_store_id on rental.stock (store_id);

-- Names in upper case, with blanks, quotes, umlauts and a per cent sign, under a uuid.
create table crm."Kunden & 100 %" (
    "Kunden-ID" uuid primary key default gen_random_uuid(),
    "Größe" numeric,
    "SELECT" text,
    "with ""quotes""" text,
    "two words" integer,
    "50 %" integer,
    "E-Mail" crm.mail,
    "{}" text,
    "back\slash" text,
    "Geändert am" timestamptz not null default now()
);
insert into crm."Kunden & 100 %" ("Größe", "SELECT", "with ""quotes""", "two words", "50 %", "E-Mail", "{}", "back\slash")
select number, 'a' || number, '"', number, number, 'a@b', '{}', '\' from generate_series(1, 5) as numbers (number);

-- No key and no stamp; the columns are not in alphabetical order. Rows that are equal, and rows of nothing.
create table crm.visit (seen timestamptz, page text, detail json, _row_hash text, amount numeric(6, 2));
insert into crm.visit values
    ('2024-03-31 02:30+02', '/', '{"a":  1}', 'x', 1), ('2024-03-31 02:30+02', '/', '{"a":  1}', 'x', 1),
    ('2024-03-31 02:30+02', '/', '{"a": 1}', 'x', 1), (null, null, null, null, null), (null, null, null, null, null),
    ('infinity', '', 'null', '', 'NaN'), (null, '(,)', null, null, 0);

create table crm.nothing_yet (id bigint generated by default as identity primary key, at timestamptz, note text);

-- Columns named like those of a load, and like words of SQL.
create table crm.load_names (
    key integer primary key,
    _batch_id text, _key integer, _was_live text, line integer, stage text, target text, was_live boolean, keys integer,
    number integer, "row" text, problem text, source text, old_values integer, raw integer, live integer, element text,
    parent text, moved text, value integer, left_out integer, _document text, id text, judged text, rejected text,
    changed integer, merged integer, written integer, came integer, "count" integer, inserted boolean
);
insert into crm.load_names
select
    number, 'b', number, 'w', number, 'stage', 'target', true, number, number, 'row', 'problem', 'source', number, number,
    number, 'element', 'parent', 'moved', number, number, 'd', 'i', 'j', 'r', number, number, number, number, number, true
from generate_series(1, 6) as numbers (number);
create table crm."order" (
    "user" integer, "from" integer, "select" text, "table" text, "group" text, "end" text, "limit" integer, "case" text,
    "default" text, "null" text, "true" boolean, "current_date" date, "over" text, "updated_at" timestamptz default now(),
    primary key ("user", "from")
);
insert into crm."order" values (1, 1, 's', 't', 'g', 'e', 1, 'c', 'd', 'n', false, '2024-01-01', 'o');

-- Rows that break what is declared, and a key that nothing holds unique.
create table crm.rating (
    id integer, stars integer, price numeric, day date, small smallint, fee money, source text, payload json,
    updated_at timestamptz default now()
);
insert into crm.rating values
    (1, 5, 1.5, '2024-01-01', 1, '1.00', 'web', '{"a": 1}'),
    (2, 6, 1.5, '2024-01-01', 1, '1.00', 'too many stars', '{"nul": "\u0000"}'),
    (3, 1, -1, '2024-01-01', 1, '1.00', 'price below', null),
    (4, 1, 'NaN', '2024-01-01', 1, '1.00', 'price is no number', null),
    (5, 1, 1, '2101-01-01', 1, '1.00', 'day above', null),
    (6, 1, 1, 'infinity', 1, '1.00', 'day above too', null),
    (7, null, 1, '2024-01-01', 1, '1.00', 'no stars', null),
    (8, 1, 1, '2024-01-01', 1, '-1.00', 'fee below', null),
    (null, 1, 1, '2024-01-01', 1, '1.00', 'no key', null),
    (null, 1, 1, '2024-01-01', 1, '1.00', 'no key again', null),
    (10, null, null, null, null, null, 'nothing', null),
    (11, 1, null, null, null, null, 'little', null);

do $$
begin
    execute (
        select 'create table crm.wide (id integer primary key, ' || string_agg(format('c%s numeric', number), ', ')
            || ', updated_at timestamptz not null default now())'
        from generate_series(1, 300) as numbers (number)
    );
    execute 'insert into crm.wide (id, c1, c150, c300) select n, n, n, n from generate_series(1, 20) as numbers (n)';
end
$$;

grant usage on schema rental, crm to elt_reader;
grant select on all tables in schema rental, crm to elt_reader;
