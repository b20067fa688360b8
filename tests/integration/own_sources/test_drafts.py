"""Entries of sources.yml and `make source-models` are all that it takes until dbt shows a table.

In a copy of the project: a table whose names need quotes, and a collection.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project_copy import copy_project, run_python, run_tests

ORDERS = """
  orders:
    schema: Shop
    table: All Orders
    key: ["Order Id", line]
    watermark: changed
    columns:
      "Order Id": bigint
      line: smallint
      "First Name": {type: text, personal: true}
      user: text
      paidAt: timestamptz
      tags: text[]
      payload: jsonb

mongo:
  parts:
    key: _id
    columns:
      _id: objectid
      labelText: text
    arrays:
      sizes: {raw: mongo_part_sizes, element: {name: size, type: numeric}}
"""
OWN_TEST = '''
from contextlib import closing
from datetime import date, datetime

from bson import ObjectId

from include.embedded.postgres import connect_as_admin
from include.extract_load import load_collection, load_table
from include.run import Batch, Run
from include.tables import SOURCES_BY_NAME
from tests.pipeline import build_next

SOURCE = """
create schema "Shop";
create table "Shop"."All Orders" (
    "Order Id" bigint, line smallint, "First Name" text, "user" text, "paidAt" timestamptz, tags text[],
    payload jsonb, changed timestamptz not null default now(), primary key ("Order Id", line)
);
insert into "Shop"."All Orders"
values (7, 1, ' Ann ', ' ', '2024-03-01 12:00+02', '{a,b}', '{"n": 1}'), (7, 2, null, 'u2', null, null, null);
grant usage on schema "Shop" to elt_reader;
grant select on "Shop"."All Orders" to elt_reader;
"""
PART = ObjectId("65a000000000000000000001")


def test_drafts_show_what_the_sources_hold(platform, tmp_path):
    env, batch = platform.env, Batch("run 1", date(2024, 9, 1))
    with closing(connect_as_admin(env, int(env["SOURCE_PORT"]), env["SOURCE_DB"])) as owner:
        owner.cursor().execute(SOURCE)
        owner.commit()
    platform.mongo("app")["parts"].insert_one({"_id": PART, "labelText": " Bolt ", "sizes": [8, 9.5]})
    loader = platform.connect("elt_loader")
    load_table(platform.connect("elt_reader"), loader, SOURCES_BY_NAME["orders"], Run(batch))
    load_collection(platform.mongo("elt_reader"), loader, SOURCES_BY_NAME["parts"], Run(batch))
    models = ("stg_postgres__orders", "stg_mongo__parts", "stg_mongo__part_sizes")
    done = build_next(platform, tmp_path, "--select", *models, batch=batch)
    assert done.returncode == 0, done.stdout
    orders = platform.query("dbt_transformer", "select * from staging.stg_postgres__orders order by line")
    paid = datetime(2024, 3, 1, 10)
    assert [row[:7] for row in orders] == [
        (7, 1, "Ann", None, paid, ["a", "b"], {"n": 1}), (7, 2, None, "u2", None, None, None)
    ]
    assert [row[7:9] for row in orders] == [(False, batch.as_of)] * 2
    (part,) = platform.query("dbt_transformer", "select id, label_text from staging.stg_mongo__parts")
    assert part == (str(PART), "Bolt")
    sizes = "select position, size from staging.stg_mongo__part_sizes order by 1"
    assert [float(size) for _, size in platform.query("dbt_transformer", sizes)] == [8, 9.5]
'''
RULES = ["tests/dbt_project/test_manifest.py", "tests/dbt_project/test_portability.py"]


@pytest.fixture(scope="module")
def drafted() -> Iterator[Path]:
    """A copy of the project with more entries, and the drafts of their models."""
    copy = copy_project("streaming-drafts-")
    file = copy / "include" / "sources.yml"
    before, after = file.read_text().split("\nmongo:\n")
    file.write_text(before + ORDERS + after)
    run_python(copy, "-m", "cli", "source-models")
    yield copy
    shutil.rmtree(copy, ignore_errors=True)


def test_drafts_keep_the_rules_of_the_project(drafted):
    run_python(drafted, "-m", "sqlfluff", "lint", "--disable-progress-bar", "dbt/models/staging")
    assert " passed" in run_tests(drafted, *RULES)


def test_drafts_are_built_by_dbt(drafted):
    (drafted / "tests" / "integration" / "test_orders.py").write_text(OWN_TEST)
    assert "1 passed" in run_tests(drafted, "tests/integration/test_orders.py")


def test_second_call_changes_nothing(drafted):
    folder = drafted / "dbt" / "models" / "staging"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert "Draft" not in run_python(drafted, "-m", "cli", "source-models")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert len(list((folder / "own").iterdir())) == 6
