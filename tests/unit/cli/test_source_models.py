"""`make source-models`: dbt's sources follow from sources.yml, and what no model reads gets a draft."""

from pathlib import Path

import pytest
import yaml

from cli.source_models import sources_files, write_drafts
from cli.staging_drafts import draft_description, draft_model, snake_case_names
from include.declarations import read_sources
from include.tables import raw_tables, raw_tables_of

ENTRIES = """
postgres:
  orders:
    schema: shop
    table: Order Lines
    description: One row per line of an order.
    key: [Order No, line]
    columns:
      e-mail: {type: text, personal: true}
      Order No: bigint
      line: integer
      order: text
      user: text
      paidAt: timestamptz
      loaded_at: text
      shop_id: text
  visits:
    columns: {page: text}
mongo:
  carts:
    key: _id
    columns: {_id: objectid, total: numeric}
    arrays:
      items: {raw: mongo_cart_items, element: {name: item, type: text}}
"""
ORDERS = """\
select
    "Order No" as order_no,
    line,
    nullif(trim("e-mail"), '') as e_mail,
    nullif(trim("order"), '') as column_order,
    nullif(trim("user"), '') as column_user,
    {{ utc_timestamp('"paidAt"') }} as paid_at,
    nullif(trim(loaded_at), '') as loaded_at_2,
    shop_id,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'postgres_orders') }}
"""


@pytest.fixture
def tables(tmp_path: Path) -> dict:
    (tmp_path / "sources.yml").write_text(ENTRIES)
    return raw_tables_of(read_sources(tmp_path / "sources.yml"))


@pytest.mark.parametrize("path", sources_files(), ids=lambda path: path.parent.name)
def test_dbt_knows_what_is_declared(path: Path) -> None:
    assert path.read_text() == sources_files()[path], "run make source-models"


def test_every_declared_table_is_a_source_of_dbt() -> None:
    own = next(iter(sources_files().values()))
    (source,) = yaml.safe_load(own)["sources"]
    assert [table["name"] for table in source["tables"]] == list(raw_tables())
    freshness = {
        table["name"]: table.get("config", {}).get("freshness", "36 hours") for table in source["tables"]
    }
    assert freshness["postgres_users"] == "36 hours"
    assert freshness["mongo_movies"] == {"warn_after": {"count": 7, "period": "day"}}
    assert freshness["mongo_series_seasons"] is None


def test_draft_has_every_column_under_a_name_without_quotes(tables: dict) -> None:
    assert draft_model(tables["postgres_orders"]) == ORDERS
    assert "_row_hash as row_hash,\n    _row_copy as row_copy,\n" in draft_model(tables["postgres_visits"])


def test_draft_says_grain_key_and_who_is_personal(tables: dict) -> None:
    assert draft_description(tables["postgres_orders"]) == {
        "name": "stg_postgres__orders",
        "description": "One row per line of an order, including deleted ones.",
        "columns": [
            {"name": "e_mail", "config": {"meta": {"personal": True}}},
            {"name": "order_no", "description": "Of the source's key."},
            {"name": "line", "description": "Of the source's key."},
        ],
    }


def test_only_what_is_missing_is_drafted_and_nothing_is_written_over(tables: dict, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "stg_shop__visits.sql").write_text(
        "select * from {{ source('raw', 'postgres_visits') }}"
    )
    taken = tmp_path / "shop" / "stg_mongo__carts.sql"
    taken.write_text("select 1")
    written = write_drafts(tables.values(), tmp_path)
    names = ("stg_postgres__orders", "stg_mongo__cart_items")
    assert written == [tmp_path / "own" / f"{name}.{kind}" for name in names for kind in ("sql", "yml")]
    assert taken.read_text() == "select 1"
    assert write_drafts(tables.values(), tmp_path) == []


def test_names_that_become_equal_stay_apart() -> None:
    assert snake_case_names(["Größe", "a b", "a_b", "A-B", "2nd", "%"]) == [
        "gr_e",
        "a_b",
        "a_b_2",
        "a_b_3",
        "column_2nd",
        "column",
    ]
