"""A source whose database is not in UTF-8."""

import pytest

from include.embedded.postgres import connect_as_admin, create_databases
from tests.conftest import Platform
from tests.integration.helpers.connections import autocommit
from tests.integration.own_sources.company import TABLES, Company

OTHERS = {"WAREHOUSE_DB", "AIRFLOW_DB"}


@pytest.fixture(scope="module")
def company_in_latin1(
    servers: dict[str, str], warehouse: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Company:
    """The company, whose database is in an encoding of its own."""
    admin = connect_as_admin(servers, int(servers["SOURCE_PORT"]), "postgres")
    with autocommit(admin).cursor() as cursor:
        cursor.execute("create database latin1 encoding 'LATIN1' locale 'C' template template0")
    admin.close()
    env = warehouse.env | {"SOURCE_DB": "latin1"}
    create_databases({name: env[name] for name in env if name not in OTHERS}, int(env["SOURCE_PORT"]))
    made = Company(Platform(env), tmp_path_factory.mktemp("latin1"))
    # As include.connections does.
    for connection in (made.reader, made.owner):
        connection.set_client_encoding("UTF8")
    made.create()
    return made


@pytest.mark.parametrize("name", ["film", "price", "customers", "visit"])
def test_encoding_of_the_source_is_no_matter(company_in_latin1: Company, name: str) -> None:
    company, table = company_in_latin1, TABLES[name]
    company.load(table)
    company.assert_equal(table)
    assert not company.load(table).keys() & {"inserted", "updated", "deleted"}
    company.reconcile(table)
