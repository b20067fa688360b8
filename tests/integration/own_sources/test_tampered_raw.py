"""What somebody wrote into raw is found by the comparison with a source of any shape."""

import pytest

from include.errors import DataQualityError
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
