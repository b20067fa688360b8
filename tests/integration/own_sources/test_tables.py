"""Tables, views and partitions of somebody else's PostgreSQL: equal in raw, whatever they are and become."""

from dataclasses import replace
from datetime import timedelta

import pytest

from include.specs import Column, PostgresTable
from tests.integration.own_sources.company import TABLES, Company

# Of the table with rules, the rows that break none.
GOOD = {
    "rating": "id is not null and stars between 1 and 5 and coalesce(price, 0) between 0 and 1000"
    " and coalesce(day, '2000-01-01') < '2101-01-01' and coalesce(fee, '0') >= '0'"
}
# What somebody does to a table, and what the next load counts beside the rows that it reads.
CHANGES = {
    "film": [
        ("update rental.film set title = 'new', last_update = now() where film_id = 1", {"updated": 1}),
        (
            "update rental.film set spot = '(1,1)', last_update = now() where film_id in (2, 3)",
            {"updated": 2},
        ),
        (
            "update rental.film set film_id = 50, last_update = now() where film_id = 4",
            {"inserted": 1, "deleted": 1},
        ),
        ("update rental.film set last_update = now()", {}),
    ],
    "inventory": [
        ("insert into rental.inventory values (9, 1, 1)", {"inserted": 1}),
        (
            "update rental.inventory set copies = 8, changed = now() at time zone 'Europe/Berlin'"
            " where store_id = -1",
            {"updated": 1},
        ),
        ("update rental.inventory set store_id = 10 where store_id = 9", {"inserted": 1, "deleted": 1}),
        ("delete from rental.inventory where (store_id, film_id) = (1, 2)", {"deleted": 1}),
    ],
    "price": [
        ("update rental.price set price = 9 where sku = 'ü \\'", {"updated": 1}),
        ("update rental.price set valid_from = '2024-05-05' where sku = ''", {"inserted": 1, "deleted": 1}),
        ("delete from rental.price where valid_from = 'infinity'", {"deleted": 1}),
    ],
    "shift": [
        ("update rental.shift set note = null where branch = 'n'", {"updated": 1}),
        (
            "update rental.shift set fee = fee + '0.01'::money where branch = 'no'",
            {"inserted": 1, "deleted": 1},
        ),
        ("delete from rental.shift where branch = 'n'", {"deleted": 1}),
    ],
    "reading": [("update rental.reading set degrees = 0 where degrees < 0", {"updated": 1})],
    "version": [
        ("insert into rental.version values (1.000001, 'between')", {"inserted": 1}),
        ("update rental.version set number = 3 where number = 2", {"inserted": 1, "deleted": 1}),
        # The same number, written otherwise.
        ("update rental.version set number = 1.000 where number = 1", {"updated": 1}),
    ],
    "payment": [
        ("update rental.payment set amount = 0, updated_at = now() where payment_id < 5", {"updated": 4}),
        ("update rental.payment set amount = 7 where updated_at is null", {"updated": 3}),
        # To another partition, and so to another key.
        (
            "update rental.payment set region = 'west', updated_at = now() where payment_id = 50",
            {"inserted": 1, "deleted": 1},
        ),
        ("drop table rental.payment_2024_north", {"deleted": 17}),
        ("alter table rental.payment detach partition rental.payment_2023", {"deleted": 36}),
        ("insert into rental.payment (paid_on, region) values ('2030-01-01', 'x')", {"inserted": 1}),
    ],
    "event": [
        ("update rental.event set what = 'older' where event_id = 2", {"updated": 1}),
        ("delete from rental.event_archive", {"deleted": 1}),
    ],
    "film_list": [
        ("insert into rental.inventory values (20, 2, 1)", {"inserted": 1}),
        ("delete from rental.inventory where store_id = 20", {"deleted": 1}),
    ],
    "grade_counts": [
        ("insert into rental.film (film_id, title) values (77, 'x')", {"inserted": 1, "deleted": 1}),
    ],
    "stock": [
        ("insert into rental.delivery values (30, 1)", {}),
        ("refresh materialized view concurrently rental.stock", {"inserted": 1}),
        (
            "delete from rental.delivery where store_id = 30; refresh materialized view rental.stock",
            {"deleted": 1},
        ),
    ],
    "customers": [
        (
            """update crm."Kunden & 100 %" set "{}" = '%s', "Geändert am" = now() where "two words" = 1""",
            {"updated": 1},
        ),
        ("""delete from crm."Kunden & 100 %" where "two words" = 2""", {"deleted": 1}),
        ("""update crm."Kunden & 100 %" set "back\\slash" = 'left', "Geändert am" = now()""", {}),
        ("""update crm."Kunden & 100 %" set "50 %" = 0, "Geändert am" = now()""", {}),
    ],
    "visit": [
        ("insert into crm.visit values (null, null, null, null, null)", {"inserted": 1}),
        ("update crm.visit set amount = 2 where amount = 1", {"inserted": 3, "deleted": 3}),
        ("delete from crm.visit where page is null", {"deleted": 3}),
    ],
    "nothing_yet": [
        ("insert into crm.nothing_yet (at) values (now()), (null)", {"inserted": 2}),
        ("delete from crm.nothing_yet", {"deleted": 2}),
    ],
    "load_names": [
        ('update crm.load_names set "row" = null, stage = null where key = 1', {"updated": 1}),
        ("update crm.load_names set was_live = null, number = -1, _key = 3 where key < 3", {"updated": 2}),
        ("delete from crm.load_names where key = 3", {"deleted": 1}),
        ("update crm.load_names set _was_live = 'left out'", {}),
    ],
    "order": [
        ("""update crm."order" set "end" = 'now', updated_at = now()""", {"updated": 1}),
        ("""insert into crm."order" ("user", "from") values (2, 1)""", {"inserted": 1}),
        ("""delete from crm."order" where "user" = 1""", {"deleted": 1}),
    ],
    "rating": [
        ("update crm.rating set stars = 2, updated_at = now() where id = 2", {"inserted": 1}),
        ("update crm.rating set small = 3, updated_at = now() where id = 11", {"updated": 1}),
        ("delete from crm.rating where id = 1", {"deleted": 1}),
    ],
    "wide": [
        ("update crm.wide set c299 = 1, updated_at = now() where id = 1", {"updated": 1}),
        ("delete from crm.wide where id = 2", {"deleted": 1}),
    ],
}


def written(load: dict[str, int]) -> dict[str, int]:
    """Return what a load did to raw."""
    return {name: count for name, count in load.items() if name in ("inserted", "updated", "deleted")}


@pytest.mark.parametrize("name", TABLES)
def test_every_value_arrives_and_every_change_follows(company: Company, name: str) -> None:
    table, good = TABLES[name], GOOD.get(name, "true")
    company.load(table)
    company.assert_equal(table, good)
    assert written(company.load(table)) == {}
    for statement, expected in CHANGES[name]:
        company.change(statement)
        assert written(company.load(table)) == expected, statement
        company.assert_equal(table, good)
    assert written(company.load(table)) == {}
    company.reconcile(table)


def test_hour_that_a_clock_shows_twice_is_read_twice(own_company: Company) -> None:
    company, table = own_company, replace(TABLES["inventory"], overlap=timedelta(0))
    company.load(table)
    # Loaded at 02:50 in summer; twenty minutes later it is 02:10 in winter.
    company.warehouse(
        "update ops.watermarks set watermark = '2024-10-27 00:50+00' where table_name = 'postgres_inventory'"
    )
    company.change("update rental.inventory set copies = 9, changed = '2024-10-27 02:10' where store_id = 2")
    assert written(company.load(table)) == {"updated": 1}
    company.assert_equal(table)


@pytest.mark.parametrize(
    ("type_", "stamp", "zone"),
    [
        ("date", "5874897-12-31", "UTC"),
        ("date", "4714-11-24 BC", "Asia/Tokyo"),
        ("timestamp", "294276-12-31 23:59", "America/New_York"),
        ("timestamp", "4714-11-24 00:00 BC", "Asia/Tokyo"),
    ],
)
def test_stamp_outside_of_all_moments_keeps_no_row_out(
    company: Company, type_: str, stamp: str, zone: str
) -> None:
    company.change(f"""
        drop table if exists crm.stamped;
        create table crm.stamped (id integer primary key, at {type_});
        insert into crm.stamped values (1, '{stamp}'), (2, '2024-01-01');
        grant select on crm.stamped to elt_reader
    """)
    name = "_".join(character if character.isalnum() else "_" for character in f"stamped {type_} {stamp}")
    id_ = Column("id", "integer", required=True)
    table = PostgresTable(
        name=name, schema="crm", table="stamped", key=("id",), columns=(id_,), watermark="at", time_zone=zone
    )
    company.declare(table)
    assert company.load(table) == {"read": 2, "inserted": 2}
    assert not company.load(table).keys() & {"inserted", "updated", "deleted"}
    company.reconcile(table)
