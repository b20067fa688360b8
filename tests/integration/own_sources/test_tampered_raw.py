"""What somebody wrote into raw is found by the comparison with a source of any shape."""

import pytest

from include.errors import DataQualityError
from include.specs import Column, PostgresTable
from tests.integration.own_sources.company import TABLES, Company

# What somebody writes into raw, and what the comparison with the source says of it.
TAMPERED = {
    "film": (
        "update raw.postgres_film set length = 91 where film_id = 1",
        "1 (length 90 in the source, 91 in raw)",
    ),
    "inventory": (
        "delete from raw.postgres_inventory where (store_id, film_id) = (1, 1)",
        "(1,1) (missing in raw)",
    ),
    "shift": (
        "update raw.postgres_shift set fee = 2 where branch = 'n'",
        '(n,"2024-03-31 00:30:00+00",all,2,',
    ),
    "reading": (
        "delete from raw.postgres_reading where degrees > 0",
        "2024-07-01 10:00:00+00 (missing in raw)",
    ),
    "load_names": (
        "update raw.postgres_load_names set number = 0, _key = 0 where key = 5",
        "5 (number 5 in the source, 0 in raw; _key 5 in the source, 0 in raw)",
    ),
    "order": ("""delete from raw.postgres_order where "user" = 1""", "(1,1) (missing in raw)"),
    "rating": (
        "update raw.postgres_rating set stars = 3 where id = 1",
        "1 (stars 5 in the source, 3 in raw)",
    ),
    "visit": ("delete from raw.postgres_visit where page = ''", "(missing in raw)"),
    "stock": (
        "update raw.postgres_stock set store_id = 3 where store_id = 1",
        "1 (missing in raw), 3 (not in",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_row_that_somebody_changed_in_raw_is_found(company: Company, name: str) -> None:
    table, (statement, found) = TABLES[name], TAMPERED[name]
    company.load(table)
    company.reconcile(table)
    company.warehouse(statement.replace("%", "%%"))
    with pytest.raises(DataQualityError) as raised:
        company.reconcile(table)
    assert found in str(raised.value)


ALTERED = {
    "drop column amount": "1 (note differs)",
    "rename column id to number": "it is no longer the table that was loaded",
    "alter amount type text using 'many'": "it is no longer the table that was loaded",
    "rename to elsewhere": "it is no longer the table that was loaded",
}


@pytest.mark.parametrize("alteration", ALTERED)
def test_source_that_is_altered_after_the_load_hides_no_difference(company: Company, alteration: str) -> None:
    company.change("""
        drop table if exists crm.altered, crm.elsewhere;
        create table crm.altered (id integer, amount integer, note text, at timestamptz);
        insert into crm.altered values (1, 5, 'a', '2024-01-01'), (2, 6, 'b', '2024-01-01');
        grant select on crm.altered to elt_reader
    """)
    columns = (Column("id", "integer", required=True), Column("amount", "integer"))
    made = {"key": ("id",), "columns": columns, "watermark": "at", "schema": "crm", "table": "altered"}
    table = PostgresTable(name=f"altered_{[*ALTERED].index(alteration)}", **made)
    company.declare(table)
    company.load(table)
    company.warehouse(f"update raw.{table.raw} set note = 'x' where id = 1")
    company.change(f"alter table crm.altered {alteration}")
    with pytest.raises(DataQualityError) as raised:
        company.reconcile(table)
    assert ALTERED[alteration] in str(raised.value)


def test_sum_of_many_digits_is_shown_in_part(company: Company) -> None:
    company.change("""
        create table crm.endless (id integer primary key, amount numeric);
        insert into crm.endless values (1, 9e10000);
        grant select on crm.endless to elt_reader
    """)
    columns = (Column("id", "integer", required=True), Column("amount", "numeric"))
    whole = {"watermark": None, "strategy": "full_refresh", "schema": "crm"}
    table = PostgresTable(name="endless", key=("id",), columns=columns, **whole)
    company.declare(table)
    company.load(table)
    company.reconcile(table)
    company.warehouse("update raw.postgres_endless set amount = amount + 1")
    with pytest.raises(DataQualityError) as raised:
        company.reconcile(table)
    assert "9.000000000000000E+10000 in the source" in str(raised.value)
    assert len(str(raised.value)) < 1000


def test_difference_in_a_table_of_many_columns_is_found(company: Company) -> None:
    columns = ", ".join(f"c{number} integer" for number in range(1500))
    company.change(f"""
        create table crm.broad (id integer primary key, {columns});
        insert into crm.broad values (1), (2);
        grant select on crm.broad to elt_reader
    """)
    id_ = Column("id", "integer", required=True)
    whole = {"watermark": None, "strategy": "full_refresh", "schema": "crm"}
    table = PostgresTable(name="broad", key=("id",), columns=(id_,), **whole)
    company.declare(table)
    company.load(table)
    company.warehouse("update raw.postgres_broad set c1499 = 1 where id = 2")
    with pytest.raises(DataQualityError) as raised:
        company.reconcile(table)
    assert "2 (c1499 differs)." in str(raised.value)
