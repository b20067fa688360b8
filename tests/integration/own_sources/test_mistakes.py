"""Declarations that the source does not bear out: each ends in a sentence with place and way out."""

from dataclasses import replace

import pytest

from include.errors import GuardError, InputError, SchemaDriftError
from include.specs import Column, PostgresTable
from tests.integration.own_sources.company import COLLECTIONS, TABLES, Company

# Key -> column, value and reason, as quarantine has them.
REJECTED = {
    "2": ("stars", "6", "is above 5"),
    "3": ("price", "-1", "is below 0"),
    "4": ("price", "NaN", "is above 1000"),
    "5": ("day", "2101-01-01", "is above 2100-12-31"),
    "6": ("day", "infinity", "is above 2100-12-31"),
    "7": ("stars", None, "is missing"),
    "8": ("fee", "-$1.00", "is below 0"),
    "no key": ("id", None, "is missing"),
    "no key #2": ("id", None, "is missing"),
    "10": ("stars", None, "is missing"),
}


def test_rejected_rows_that_share_a_key_are_told_from_keys_that_look_numbered(company: Company) -> None:
    company.change("""
        create table crm.numbered (id text, stars integer);
        insert into crm.numbered values
            ('a', -1), ('a', -2), ('a #2', -3), ('no key', -4), (null, -5), ('b', 1);
        grant select on crm.numbered to elt_reader
    """)
    table = PostgresTable(
        name="numbered",
        schema="crm",
        key=("id",),
        columns=(Column("id", "text", required=True), Column("stars", "integer", minimum=0)),
        watermark=None,
        strategy="full_refresh",
    )
    company.declare(table)
    assert company.load(table) == {"read": 6, "inserted": 1, "quarantined": 5}
    rows = [row for row in company.quarantine() if row["table_name"] == table.raw]
    # Two have the place `a #2`, one of them by its key.
    assert sorted(row["position"] for row in rows) == ["a", "a #2", "a #2 #2", "no key", "no key #2"]
    assert {row["value"] for row in rows} == {"-1", "-2", "-3", "-4", None}


def test_rows_that_break_a_rule_go_to_quarantine(own_company: Company) -> None:
    company, table = own_company, TABLES["rating"]
    load = company.load_whole(table)
    assert (load.read, load.inserted, load.unchanged, load.quarantined) == (12, 2, 0, 10)
    rows = {row["position"]: row for row in company.quarantine()}
    found = {key: (row["column_name"], row["value"], row["reason"]) for key, row in rows.items()}
    assert found == REJECTED
    assert {row["table_name"] for row in rows.values()} == {"postgres_rating"}
    assert '"source":"too many stars","payload":{"nul": "\\u0000"}' in rows["2"]["row_text"]
    company.reconcile(table)
    # The next load reads the changes within the overlap again, and counts alike.
    load = company.load_whole(table)
    assert (load.read, load.inserted, load.unchanged, load.quarantined) == (12, 0, 2, 10)
    company.change(
        "update crm.rating set stars = 3 where id = 2; update crm.rating set stars = 9 where id = 1"
    )
    load = company.load_whole(table)
    assert (load.read, load.inserted, load.unchanged, load.quarantined, load.deleted) == (12, 1, 1, 10, 1)
    company.reconcile(table)


def test_broken_rows_without_a_stamp_stop_no_later_load(own_company: Company) -> None:
    company, table = own_company, TABLES["rating"]
    company.change(
        "update crm.rating set updated_at = now() - interval '1 day';"
        " insert into crm.rating (id, stars, updated_at)"
        " select n, case when n > 730 then 9 else 1 end, case when n <= 730 then now() - interval '1 day' end"
        " from generate_series(101, 860) as numbers (n)"
    )
    load = company.load_whole(table)
    assert (load.read, load.inserted, load.quarantined) == (772, 632, 140)
    load = company.load_whole(table)
    assert (load.read, load.quarantined) == (130, 130)
    company.change("update crm.rating set stars = 9, updated_at = now() where id between 101 and 400")
    with pytest.raises(InputError, match="300 of the 300 rows read cannot be loaded"):
        company.load(table)


def changed(name: str, **changes: object) -> PostgresTable:
    return replace(TABLES[name], **changes)


STOPS = {
    "table": (changed("film", table="films"), "the source has no table rental.films that elt_reader can see"),
    "schema": (
        changed("film", schema="Rental"),
        "no table Rental.film that .* or its entry in include/sources",
    ),
    "server": (
        changed("film", table="x", server="erp"),
        r"Restore it, or mend erp or its entry in include/sou",
    ),
    "column": (
        changed("film", columns=(*TABLES["film"].columns, Column("sequel", "integer"))),
        r"the source's film.sequel \(integer\) is gone. Restore it .*change include/sources.yml",
    ),
    "type": (
        changed("film", raw="films", columns=(TABLES["film"].columns[0], Column("title", "integer"))),
        "the source's film.title was integer and is rental.title now",
    ),
    "key of another type": (
        changed("reading", raw="readings", columns=(Column("taken_at", "integer", required=True),)),
        "the source's reading.taken_at was integer and is timestamp with time zone now",
    ),
    "type of raw": (
        changed("film", columns=(TABLES["film"].columns[0], Column("title", "integer"))),
        'raw.postgres_film.title is text, .* declares integer. .*: alter table .* "title" type integer',
    ),
    "key of raw": (
        changed("shift", key=("branch", "began")),
        "raw.postgres_shift has the key .*, and include/sources.yml declares branch, began. Restore it",
    ),
    "no key in raw": (
        changed("visit", key=("page",), columns=(Column("page", "text", required=True),)),
        "has the",
    ),
    "stamp": (
        changed("film", watermark="changed"),
        r"the source's film.changed \(timestamp with time zone\) is gone",
    ),
    "stamp of another type": (
        changed("film", watermark="stock"),
        "the source's film.stock is int4range, which is no moment. Declare a watermark",
    ),
    "stamp without a zone": (
        changed("inventory", time_zone=None),
        "inventory.changed is timestamp without time zone, which says no moment. Declare in .* the time_zone",
    ),
}


@pytest.mark.parametrize("mistake", STOPS)
def test_what_the_source_does_not_have_stops_the_load(company: Company, mistake: str) -> None:
    table, message = STOPS[mistake]
    company.declare(table)
    before = company.warehouse(f"select * from raw.{table.raw}")
    with pytest.raises(SchemaDriftError, match=message):
        company.load(table)
    assert company.warehouse(f"select * from raw.{table.raw}") == before == []


SHARED = {
    "one column": (
        changed("film_list", raw="list", key=("id",), columns=(Column("id", "integer", required=True),)),
        r"film_list: rows of rental.film_list share a key \(id\): 1. Declare in include/sources.yml the",
    ),
    "two": (
        changed(
            "visit",
            raw="v",
            key=("page", "amount"),
            columns=(Column("page", "text", required=True), Column("amount", "numeric", required=True)),
        ),
        r"share a key \(page, amount\): \(/,1.00\)",
    ),
}


@pytest.mark.parametrize("case", SHARED)
def test_rows_that_share_a_key_stop_the_load(company: Company, case: str) -> None:
    table, message = SHARED[case]
    company.declare(table)
    with pytest.raises(InputError, match=message):
        company.load(table)
    assert company.warehouse(f"select * from raw.{table.raw}") == []


def test_key_of_a_parent_is_not_that_of_the_tables_that_inherit_from_it(company: Company) -> None:
    table = TABLES["event"]
    company.change("insert into rental.event_archive values (1, 'again')")
    with pytest.raises(InputError, match=r"rows of rental.event share a key \(event_id\): 1"):
        company.load(table)
    company.change("delete from rental.event_archive where event_id = 1")
    company.load(table)
    company.assert_equal(table)


def test_table_without_a_key_may_change_as_a_whole(own_company: Company) -> None:
    company, table = own_company, TABLES["visit"]
    company.change("insert into crm.visit (page) select n::text from generate_series(1, 200) as numbers (n)")
    company.load(table)
    # A new column and a changed one are new rows, since nothing else tells them apart.
    company.change("alter table crm.visit add column agent text default 'x'")
    load = company.load_whole(table)
    assert (load.read, load.inserted, load.deleted) == (207, 207, 207)
    company.assert_equal(table)
    company.change("update crm.visit set agent = 'y'")
    assert company.load_whole(table).deleted == 207
    company.assert_equal(table)
    company.reconcile(table)
    company.change("delete from crm.visit where page ~ '^[0-9]+$'")
    with pytest.raises(GuardError, match="200 of its 207 live rows would vanish"):
        company.load(table)


def test_columns_that_are_declared_later_are_read_of_every_document(own_company: Company) -> None:
    company, declared = own_company, COLLECTIONS["devices"]
    (kind,) = declared.kinds
    earlier = replace(declared, kinds=(replace(kind, columns=kind.columns[:1]),))
    company.warehouse("alter table raw.mongo_devices drop column name")
    company.load_documents(earlier)
    loads = company.load_documents(declared)
    assert loads["mongo_devices"].updated == 8
    company.assert_documents_equal(declared)
    wrong = replace(kind, columns=(kind.columns[0], Column("name", "integer")))
    with pytest.raises(SchemaDriftError, match=r"raw.mongo_devices.name is text, and .* declares integer"):
        company.load_documents(replace(declared, kinds=(wrong,)))
    other = replace(kind, columns=(kind.columns[1],))
    with pytest.raises(SchemaDriftError, match=r"raw.mongo_devices has the key _id, and .* declares name"):
        company.load_documents(replace(declared, key="name", kinds=(other,)))


def test_collection_that_does_not_exist_is_named(company: Company) -> None:
    missing = replace(COLLECTIONS["devices"], collection="Devices", server="atlas")
    with pytest.raises(
        SchemaDriftError, match=r"no collection Devices. Restore it, or mend atlas or its entry"
    ):
        company.load_documents(missing)
