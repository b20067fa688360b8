"""What the servers and roles of source and warehouse are set to makes no difference."""

import pytest
from psycopg2.extensions import connection as Connection

from include.libpq import connect
from include.logins import find_login
from tests.conftest import Platform
from tests.integration.own_sources.company import TABLES, Company

SET = """
do $do$ begin
    execute format($$alter role {0} in database %I set timezone = {1}$$, current_database());
    execute format($$alter role {0} in database %I set datestyle = {2}$$, current_database());
    execute format($$alter role {0} in database %I set intervalstyle = iso_8601$$, current_database());
    execute format($$alter role {0} in database %I set extra_float_digits = -3$$, current_database());
    execute format($$alter role {0} in database %I set bytea_output = escape$$, current_database());
end $do$
"""
ABROAD = (
    "-c timezone=Asia/Tokyo -c datestyle=SQL,DMY -c intervalstyle=iso_8601 -c extra_float_digits=-3"
    " -c bytea_output=escape -c search_path=pg_catalog -c standard_conforming_strings=off"
)
LOGINS = (("SOURCE", "elt_reader"), ("WAREHOUSE", "elt_loader"))


@pytest.fixture(scope="module")
def company_abroad(warehouse: Platform, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company, whose servers write everything in other words than the warehouse does."""
    made = Company(warehouse, tmp_path_factory.mktemp("company"))
    made.change(SET.format("elt_reader", "'Asia/Tokyo'", "'SQL, DMY'"))
    with made.admin.cursor() as cursor:
        cursor.execute(SET.format("elt_loader", "'America/Lima'", "'German'"))
    made.create()
    # As behind a pooler, which takes no options of ours: what they say is left to the transactions of a load.
    made.reader, made.loader = (abroad(warehouse, *login) for login in LOGINS)
    return made


def abroad(platform: Platform, server: str, role: str) -> Connection:
    """Connect as the role, in words of its own."""
    connection = connect(**find_login(server, role).parameters(platform.env), options=ABROAD)
    platform._open.callback(connection.close)
    return connection


@pytest.mark.parametrize("name", ["film", "price", "shift", "reading", "visit"])
def test_both_sides_write_keys_in_the_same_words(company_abroad: Company, name: str) -> None:
    company, table = company_abroad, TABLES[name]
    company.load(table)
    company.assert_equal(table)
    assert not company.load(table).keys() & {"inserted", "updated", "deleted"}
    company.reconcile(table)
