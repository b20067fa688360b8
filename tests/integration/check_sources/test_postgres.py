"""What is said of a PostgreSQL source, and that the printed statements mend what is missing."""

from dataclasses import replace

import psycopg2
import pytest

from include.specs import Column, PostgresTable
from include.tables import POSTGRES_TABLES
from tests.integration.check_sources.sources import PostgresSource, sentences
from tests.product import USERS

CUSTOMERS = PostgresTable(
    name="customers",
    schema="Sales Data",
    table="Customer",
    key=("Shop", "Number"),
    columns=(Column("Shop", "text", required=True), Column("Number", "integer", required=True)),
    watermark="Changed",
)
MAKE_CUSTOMERS = """
create schema "Sales Data";
create table "Sales Data"."Customer" (
    "Shop" text, "Number" integer, "Name" text, "Changed" timestamptz not null, primary key ("Number", "Shop")
);
create index on "Sales Data"."Customer" ("Changed");
grant usage on schema "Sales Data" to elt_reader;
grant select on "Sales Data"."Customer" to elt_reader;
"""
# What is done to the source, what is then said and how gravely; all of it can be mended by pasting.
MISSING_THINGS = [
    (
        'revoke usage on schema "Sales Data" from elt_reader;'
        ' revoke select on "Sales Data"."Customer" from elt_reader',
        "MISSING",
        "customers: elt_reader may not enter the schema Sales Data",
    ),
    (
        'revoke select on "Sales Data"."Customer" from elt_reader',
        "MISSING",
        "customers: elt_reader may not read the table Sales Data.Customer",
    ),
    (
        'revoke select on "Sales Data"."Customer" from elt_reader;'
        ' grant select ("Number", "Name") on "Sales Data"."Customer" to elt_reader',
        "MISSING",
        "customers: elt_reader may not read Shop, Changed",
    ),
    (
        "drop schema elt cascade",
        "careful",
        "there is no elt.oldest_transaction_start(): only the overlap covers late commits",
    ),
    (
        "revoke usage on schema elt from elt_reader;"
        " revoke execute on function elt.oldest_transaction_start() from elt_reader",
        "careful",
        "elt_reader may not execute elt.oldest_transaction_start(): only the overlap covers late commits",
    ),
    (
        "alter function elt.oldest_transaction_start() owner to app",
        "careful",
        "elt.oldest_transaction_start() does not see the transactions of others:"
        " only the overlap covers late commits",
    ),
    (
        'drop index "Sales Data"."Customer_Changed_idx"',
        "careful",
        "customers: stamp Changed has no index: every load reads the whole table to find what changed",
    ),
    (
        'grant insert, truncate on "Sales Data"."Customer" to elt_reader;'
        " grant delete on users to elt_reader",
        "careful",
        'more rights than needed: elt_reader may write "Sales Data"."Customer", public.users',
    ),
]


@pytest.fixture
def customers(source: PostgresSource) -> PostgresSource:
    """A source with a table of others beside the product's, of which nothing is missing."""
    source.change(MAKE_CUSTOMERS)
    source.change(
        'insert into "Sales Data"."Customer" select \'A\', n, null, now() from generate_series(1, 1234) n'
    )
    source.change('analyze "Sales Data"."Customer"')
    return source


def test_of_the_product_all_is_well(source):
    report = source.check()
    assert {finding.level for finding in report.findings} == {"ok"}
    assert not report.remedies
    assert not report.stops_a_load
    said = sentences(report, "ok")
    assert said[0].startswith("PostgreSQL ")
    assert (
        f", a primary; logged in as elt_reader to {source.platform.env['SOURCE_DB']} on 127.0.0.1:" in said[0]
    )
    assert said[1:4] == [
        "encoding UTF8",
        "elt_reader may write no table",
        "elt.oldest_transaction_start() may be executed",
    ]
    assert said[5:7] == [
        "users: key user_id is unique (users_pkey)",
        "users: stamp updated_at is a timestamp with time zone, with an index (users_updated_at)",
    ]


def test_table_of_others_is_described(customers):
    assert sentences(customers.check(CUSTOMERS), "ok")[4:] == [
        "customers: table Sales Data.Customer, about 1,234 rows, 4 of 4 columns readable",
        'customers: key Shop, Number is unique ("Sales Data"."Customer_pkey")',
        "customers: stamp Changed is a timestamp with time zone, with an index"
        ' ("Sales Data"."Customer_Changed_idx")',
    ]


@pytest.mark.parametrize(("done", "level", "sentence"), MISSING_THINGS)
def test_what_is_missing_is_said_and_mended_by_pasting(customers, done, level, sentence):
    customers.change(done)
    report = customers.check(CUSTOMERS)
    assert sentence in sentences(report, level)
    assert report.stops_a_load == (level == "MISSING")
    customers.paste(report)
    mended = customers.check(CUSTOMERS)
    assert {finding.level for finding in mended.findings} == {"ok"}
    assert not mended.remedies


def test_statements_come_once_whatever_they_are_for(customers):
    customers.change('revoke usage on schema "Sales Data" from elt_reader')
    report = customers.check(CUSTOMERS, replace(CUSTOMERS, name="again", raw="again"))
    assert len(sentences(report, "MISSING")) == 2
    assert report.remedies.count('grant usage on schema "Sales Data" to "elt_reader";') == 1


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "drop table users",
            "users: there is no public.users in the database {database}. Mend schema and table",
        ),
        ("drop table users; create sequence users", "users: public.users is neither a table nor a view"),
        ("alter table users drop country", "users: the source's users.country (text) is gone. Restore it"),
        (
            "alter table users alter country type text[] using null",
            "users: the source's users.country was text",
        ),
        (
            "alter table users alter updated_at drop default, alter updated_at type timestamp",
            "users: the source's users.updated_at is timestamp without time zone, which says no moment",
        ),
        (
            "alter table users rename to u; create materialized view users as select * from u with no data;"
            " grant select on users to elt_reader",
            "users: the materialized view was never filled",
        ),
    ],
)
def test_what_stops_a_load_is_missing(source, statement, sentence):
    source.change(statement)
    report = source.check(USERS)
    (said,) = sentences(report, "MISSING")
    assert said.startswith(sentence.format(database=source.platform.env["SOURCE_DB"]))
    assert report.stops_a_load


def test_table_that_the_next_run_makes_is_not_missing(source):
    source.change("drop table users")
    report = source.check(USERS, plays=True)
    assert sentences(report, "careful") == ["users: there is no public.users yet; the next run makes it"]
    assert not report.stops_a_load


def test_column_that_an_earlier_load_added_is_missing_too(source):
    warehouse = source.platform.connect("elt_loader")
    with warehouse.cursor() as cursor:
        cursor.execute("alter table raw.postgres_users add column city text")
        cursor.execute(
            "insert into ops.schema_changes (batch_id, table_name, column_name, change, action, new_type)"
            " values ('run 1', 'postgres_users', 'city', 'added', 'added to raw', 'text')"
        )
    warehouse.commit()
    assert not source.check(USERS).stops_a_load
    (said,) = sentences(source.check(USERS, warehouse=warehouse), "MISSING")
    assert said.startswith("users: the source's users.city (text) is gone.")


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "alter table users drop constraint users_pkey",
            "users: key user_id is only promised: no unique index holds it, so every load looks for rows that"
            " share it",
        ),
        (
            "alter table users alter updated_at drop not null",
            "users: stamp updated_at may be empty: such rows are read by every load",
        ),
        (
            "alter table users enable row level security",
            "users: row-level security is on. elt_reader sees only rows that a policy shows; those that a"
            " policy hides later count as deleted",
        ),
        (
            "alter table users add secret text; revoke select on users from elt_reader;"
            " grant select (user_id, age, country, subscription_type, registration_date,"
            " total_watch_time_hours, created_at, updated_at)"
            " on users to elt_reader",
            "users: secret will not be loaded: not readable, or of a name that raw cannot take",
        ),
    ],
)
def test_what_a_load_can_do_with_is_careful(source, statement, sentence):
    source.change(statement)
    report = source.check(USERS)
    assert sentences(report, "careful") == [sentence]
    assert not report.stops_a_load


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        ("create view {new} as select * from users", "view public.{new}, number of rows not known"),
        ("create materialized view {new} as select * from users", "materialized view public.{new}, "),
        (
            "create table {new} (like users) partition by list (country);"
            " create table {new}_cl partition of {new} for values in ('Chile');"
            " insert into {new} values ('U1', 1, 'Chile', 'Basic', '2022-01-01', 0, now(), now());"
            " analyze {new}",
            "partitioned table public.{new}, about 1 rows",
        ),
    ],
)
def test_kind_is_named(source, statements, what):
    source.change(statements.format(new="others"))
    source.change("grant select on others to elt_reader")
    report = source.check(replace(USERS, name="others", table="others", file=None))
    assert f"others: {what.format(new='others')}" in "\n".join(sentences(report, "ok"))
    assert not report.stops_a_load
    if report.remedies:
        source.paste(report)
    assert not source.check(replace(USERS, name="others", table="others", file=None)).remedies


def test_table_without_key_or_stamp_is_fine(source):
    log = PostgresTable(name="users", key=(), columns=(), watermark=None, strategy="full_refresh")
    report = source.check(log)
    assert {finding.level for finding in report.findings} == {"ok"}
    assert sentences(report, "ok")[-2:] == [
        "users: no key is declared, so rows are known by their hash and read whole",
        "users: no stamp is declared, so it is read whole",
    ]


def test_stamp_without_a_zone_is_fine_where_one_is_declared(source):
    source.change("alter table users alter updated_at drop default, alter updated_at type timestamp")
    report = source.check(replace(USERS, time_zone="Europe/Berlin"))
    assert not report.stops_a_load
    assert any(
        "timestamp without time zone, written in Europe/Berlin, with" in s for s in sentences(report, "ok")
    )


def test_owner_is_told_to_log_in_as_a_reader(source):
    source.role = "app"
    said = sentences(source.check(), "careful")
    assert said[0] == (
        "more rights than needed: app may write public.seed_state, public.users, public.viewing_sessions, as"
        " owner, member of a role, or as everybody; log in as a role that may only read, such as elt_reader"
    )


def test_role_that_is_pasted_for_a_superuser_reads_all_and_writes_nothing(source):
    source.role = "admin"
    source.platform.env["WAREHOUSE_DB"] = source.platform.env["SOURCE_DB"]
    report = source.check()
    assert sentences(report, "careful") == [
        "more rights than needed: postgres is a superuser; log in as a role that may only read,"
        " such as elt_reader"
    ]
    # The role is there in the tests: another takes its name.
    pasted = "\n".join(report.remedies).replace('"elt_reader"', '"pasted_reader"')
    source.change(pasted)
    try:
        source.change("set role pasted_reader; select count(*) from users, viewing_sessions")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            source.change("delete from users")
    finally:
        source.change("reset role; drop owned by pasted_reader; drop role pasted_reader")


def test_nothing_is_written(customers):
    customers.change("drop schema elt cascade; drop index users_updated_at")
    before = customers.dump()
    for role in ("elt_reader", "app"):
        customers.role = role
        customers.check(CUSTOMERS, *POSTGRES_TABLES)
    assert customers.dump() == before
    assert "oldest_transaction_start" not in before
