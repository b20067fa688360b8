"""Each role may do what the design says, and nothing else."""

import psycopg2
import pytest

REFUSED = [
    ("bi_reader", "select 1 from raw.postgres_users"),
    ("bi_reader", "select 1 from ops.load_runs"),
    ("bi_reader", "select 1 from quarantine.rejected_rows"),
    ("bi_reader", "create table trusted.mine (a int)"),
    ("bi_reader", "create temporary table mine (a int)"),
    ("bi_reader", "create table public.mine (a int)"),
    ("dbt_transformer", "insert into raw.postgres_users (user_id) values ('U1')"),
    ("dbt_transformer", "select 1 from ops.load_runs"),
    ("dbt_transformer", "update ops.publications set version = 1"),
    ("dbt_transformer", "delete from ops.publications"),
    ("bi_reader", "select 1 from ops.publications"),
    ("bi_reader", "create schema mine"),
    ("elt_loader", "create table trusted.mine (a int)"),
    ("elt_reader", "delete from public.users"),
    ("elt_reader", "create table public.mine (a int)"),
]


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_role_is_refused(platform, role, statement):
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        platform.query(role, statement)


def test_roles_read_what_they_need(platform):
    platform.query("dbt_transformer", "create table trusted.star as select 1 as n")
    assert platform.query("bi_reader", "select n from trusted.star") == [(1,)]
    assert platform.query("dbt_transformer", "select count(*) from raw.postgres_users") == [(0,)]
    assert platform.query("elt_reader", "select count(*) from public.users") == [(0,)]


def test_reader_enters_trusted_and_no_other_star(platform):
    for schema in ("trusted_next", "trusted_previous"):
        platform.query("dbt_transformer", f"create table {schema}.star as select 1 as n")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege, match=f"schema {schema}"):
            platform.query("bi_reader", f"select n from {schema}.star")


def test_no_role_of_the_pipeline_is_superuser(platform):
    rows = platform.query(
        "admin",
        "select rolname from pg_roles where (rolsuper or rolcreaterole or rolcreatedb or rolreplication)"
        " and rolname !~ '^pg_'",
    )
    assert rows == [("postgres",)]


@pytest.mark.parametrize(("role", "database"), [("bi_reader", "SOURCE_DB"), ("app", "WAREHOUSE_DB")])
def test_role_cannot_enter_the_other_database(platform, role, database):
    platform.env |= {"WAREHOUSE_DB": platform.env[database], "SOURCE_DB": platform.env[database]}
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        platform.connect(role)


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_reader_cannot_enter_the_servers_own_databases(platform, database):
    platform.env["WAREHOUSE_DB"] = database
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        platform.connect("bi_reader")


def test_wrong_password_is_refused(platform):
    platform.env["BI_READER_PASSWORD"] = "guess"
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        platform.connect("bi_reader")
