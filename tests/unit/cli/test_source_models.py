"""`make source-models`: what dbt is told of raw, and the drafts of staging models."""

from pathlib import Path

import pytest
import yaml
from sqlfluff.core import FluffConfig, Linter

from cli.postgres_words import RESERVED
from cli.source_models import EXAMPLE, Declared, folders_in_use, sources_yaml, write_drafts
from cli.staging_drafts import draft_model, draft_yaml, snake_case_names
from include.declarations import read_sources
from include.environment import ROOT
from include.errors import InputError
from include.specs import Column, PostgresTable

ENTRIES = """
postgres:
  orders:
    description: One row per order.
    schema: Shop
    key: ["Line", orderId]
    watermark: changed
    freshness: 1 day
    columns:
      "First Name": {type: text, personal: true}
      firstName: text
      customer_id: text
      paidAt: timestamptz
      orderId: bigint
      "Line": smallint
      user: text
      payload: jsonb
      "2nd": text[]
      as_of: date
  events:
    columns:
      what: text
mongo:
  parts:
    key: _id
    freshness: 3 days
    columns:
      _id: objectid
      owner: objectid
      label: text
    arrays:
      sizes:
        raw: mongo_part_sizes
        freshness: none
        element: {name: size, type: numeric}
"""
ORDERS = """\
select
    "orderId" as order_id,
    "Line" as line,
    {{ trimmed('"First Name"') }} as first_name,
    {{ trimmed('"firstName"') }} as first_name_2,
    customer_id,
    {{ utc_timestamp('"paidAt"') }} as paid_at,
    {{ trimmed('"user"') }} as column_user,
    payload,
    "2nd" as column_2nd,
    as_of as as_of_2,
    _deleted_at is not null as is_deleted,
    _as_of as as_of,
    {{ utc_timestamp('_loaded_at') }} as loaded_at
from {{ source('raw', 'postgres_orders') }}
"""
PROJECT = """
name: shop
models:
  shop:
    staging:
      +materialized: view
      product:
        +enabled: "{{ var('staging', 'own') == 'product' }}"
"""


@pytest.fixture
def entries(tmp_path: Path) -> Path:
    """A file of entries as no product has them."""
    file = tmp_path / "sources.yml"
    file.write_text(ENTRIES)
    return file


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    """The folder of the staging models of a project in which the product's are switched off."""
    folder = tmp_path / "dbt" / "models" / "staging"
    (folder / "product").mkdir(parents=True)
    (tmp_path / "dbt" / "dbt_project.yml").write_text(PROJECT)
    return folder


def tables(entries: Path) -> dict:
    sources = read_sources(entries)
    return {t.raw: t for source in sources for t in source.raw_tables}


def names(paths: list[Path], staging: Path) -> list[str]:
    return [str(path.relative_to(staging)) for path in paths]


def test_dbt_is_told_of_every_raw_table_its_freshness_and_its_personal_columns(entries: Path) -> None:
    text = sources_yaml(Declared(entries, Path("_sources.yml")))
    (source,) = yaml.safe_load(text)["sources"]
    freshness = {
        table["name"]: table.get("config", source["config"])["freshness"] for table in source["tables"]
    }
    assert freshness == {
        "postgres_orders": {"warn_after": {"count": 1, "period": "day"}},
        "postgres_events": {"warn_after": {"count": 36, "period": "hour"}},
        "mongo_parts": {"warn_after": {"count": 3, "period": "day"}},
        "mongo_part_sizes": None,
    }
    columns = [table.get("columns") for table in source["tables"]]
    assert columns == [[{"name": "First Name", "config": {"meta": {"personal": True}}}], None, None, None]


def test_sources_that_are_switched_off_say_so() -> None:
    (source,) = yaml.safe_load(sources_yaml(EXAMPLE))["sources"]
    assert source["config"]["enabled"] == "{{ var('staging', 'product') == 'example' }}"


def test_freshness_of_no_sense_is_refused(entries: Path) -> None:
    entries.write_text(ENTRIES.replace("1 day", "soon"))
    with pytest.raises(InputError, match=r"line 8: postgres\.orders\.freshness: 'soon' does not fit"):
        read_sources(entries)


def test_draft_lists_the_declared_columns_the_key_first(entries: Path) -> None:
    assert draft_model(tables(entries)["postgres_orders"]) == ORDERS


def test_draft_says_grain_key_and_personal_columns(entries: Path) -> None:
    (model,) = yaml.safe_load(draft_yaml(tables(entries)["postgres_orders"]))["models"]
    assert model["description"] == "One row per order; deleted ones are included."
    personal = {c["name"] for c in model["columns"] if "config" in c}
    assert ([c["name"] for c in model["columns"]], personal) == (
        ["order_id", "line", "first_name"],
        {"first_name"},
    )


def test_draft_of_documents_keeps_ids_as_they_are(entries: Path) -> None:
    lines = draft_model(tables(entries)["mongo_parts"]).splitlines()
    assert lines[1:4] == ["    _id as id,", "    owner,", "    {{ trimmed('label') }} as label,"]
    assert "    position,\n    size,\n" in draft_model(tables(entries)["mongo_part_sizes"])


def test_names_need_no_quotes_and_are_told_apart() -> None:
    given = ["HTTPStatus", "a b", "a_b", "A-B", "Größe", "loaded_at", "%", "order", "x" * 63]
    assert snake_case_names(given) == [
        *("http_status", "a_b", "a_b_2", "a_b_3", "groe", "loaded_at_2", "unnamed", "column_order"),
        "x" * 60,
    ]


@pytest.mark.parametrize(
    "names", [sorted(RESERVED), ["A" * 63, "z" * 63, "straße", 'q"q', "it's", "row", "Key"]]
)
def test_draft_passes_lint(names: list[str]) -> None:
    columns = tuple(Column(name, kind) for name in names for kind in ("text", "timestamptz"))
    table = PostgresTable(name="odd", key=(), columns=columns, strategy="full_refresh", watermark=None)
    linter = Linter(config=FluffConfig.from_path(str(ROOT / "dbt")))
    found = linter.lint_string(draft_model(table), fname=str(ROOT / "dbt" / "models" / "odd.sql"))
    assert [f"{v.line_no}: {v.rule_code()} {v.desc()}" for v in found.get_violations()] == []


def test_drafts_are_written_once(entries: Path, staging: Path) -> None:
    written = write_drafts(entries, staging)
    assert names(written, staging) == [
        f"own/{name}.{suffix}"
        for name in (
            "stg_postgres__orders",
            "stg_postgres__events",
            "stg_mongo__parts",
            "stg_mongo__part_sizes",
        )
        for suffix in ("sql", "yml")
    ]
    written[0].write_text("select 1")
    assert write_drafts(entries, staging) == []
    assert written[0].read_text() == "select 1"


def test_table_that_a_model_in_use_reads_gets_no_draft(entries: Path, staging: Path) -> None:
    (staging / "stg_shop__orders.sql").write_text("select * from {{ source('raw', 'postgres_orders') }}")
    # The product's models are switched off.
    (staging / "product" / "stg_a.sql").write_text("select * from {{ source('raw', 'mongo_parts') }}")
    written = names(write_drafts(entries, staging), staging)
    assert "own/stg_mongo__parts.sql" in written
    assert "own/stg_postgres__orders.sql" not in written


def test_name_that_is_taken_is_told(entries: Path, staging: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (staging / "stg_mongo__parts.sql").write_text("select 1")
    assert not [path for path in write_drafts(entries, staging) if "stg_mongo__parts." in path.name]
    assert capsys.readouterr().out == (
        "No draft for raw.mongo_parts: a model stg_mongo__parts is there, which does not read it\n"
    )


def test_model_that_is_described_already_is_not_described_again(entries: Path, staging: Path) -> None:
    (staging / "_models.yml").write_text("models:\n  - name: stg_mongo__parts\n")
    written = names(write_drafts(entries, staging), staging)
    assert "own/stg_mongo__parts.sql" in written
    assert "own/stg_mongo__parts.yml" not in written


def test_product_is_in_use_and_the_example_is_not() -> None:
    folders = folders_in_use(ROOT / "dbt" / "models" / "staging")
    assert [folder.name for folder in folders] == ["product"]
